// SPDX-License-Identifier: LGPL-2.1-or-later
// What several checks do: read and compare, and expect a failure. Each throws Fault.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "checks.h"

namespace bootferry {

inline constexpr std::array<std::size_t, 1> usual{65536}; // sizes of reads

// Reads and compares up to `end`, in turn with these sizes. Returns the offset reached, which may be past
// `end`.
std::uint64_t readFrom(Attempt& attempt, const Reference& reference, std::uint64_t offset,
                       std::span<const std::size_t> sizes, std::uint64_t end);

// What the proxy does to connections from now on. Throws Skipped if there is none.
void planProxy(const CheckSettings& settings, FaultyProxy::Fault fault, std::uint64_t bytes);

// Opens it through the proxy, which will have this fault. Throws Skipped if that is not possible.
void openThroughProxy(const CheckSettings& settings, Attempt& attempt, FaultyProxy::Fault fault,
                      std::uint64_t bytes);

// Throws Skipped if it cannot be opened through the proxy even without a fault: of a plugin that refuses
// every port but the server's, nothing can be said.
void requireProxied(const CheckSettings& settings);

// Unlike those that fail the boot.
[[nodiscard]] bool isRetried(int code);

void expectFailure(const std::optional<Failure>& failure, bootferry_error code, const std::string& what);

} // namespace bootferry
