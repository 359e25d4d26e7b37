// SPDX-License-Identifier: LGPL-2.1-or-later
// The headers that many files include, and parse again in each. tests/run has the compilers parse them once
// (precompile.py). No file includes this one: each includes what it needs, or any other build fails.
#pragma once

// g++ takes a precompiled header only where no macro that this one asks for has got defined: that of the
// tests, which have one with GoogleTest, and that of a file in which nothing may be but its own.
#if defined(GTEST_HAS_PTHREAD) || defined(BOOTFERRY_NOT_PRECOMPILED)
#endif

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

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
