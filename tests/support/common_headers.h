// SPDX-License-Identifier: LGPL-2.1-or-later
// The headers that many files include, and parse again in each. tests/run has clang parse them once
// (precompile.py). No file includes this one: each includes what it needs, or the builds with g++ fail.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
