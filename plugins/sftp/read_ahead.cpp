// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_ahead.h"

#include <algorithm>

namespace bootferry::sftp {
namespace {

constexpr std::uint64_t smallest = 128UL * 1024;
constexpr std::uint64_t largest = 8192UL * 1024;
constexpr std::uint64_t forNoLine = 1024UL * 1024; // over loopback
constexpr std::uint64_t perMicrosecond = 300;      // that is 300 MB/s
constexpr std::uint64_t partOfReceived = 10;
constexpr std::uint64_t partOfFile = 25;
constexpr std::chrono::microseconds longest{1'000'000}; // more is no line's round trip

} // namespace

ReadAhead::ReadAhead(std::chrono::microseconds roundTrip, std::uint64_t offset,
                     std::optional<std::uint64_t> size)
    : atFirst_(offset == 0 ? size.value_or(0) / partOfFile : 0),
      atMost_(forNoLine + static_cast<std::uint64_t>(std::min(roundTrip, longest).count()) * perMicrosecond) {
}

std::size_t ReadAhead::after(std::uint64_t received) const {
    const auto wanted = std::min(std::max(received / partOfReceived, atFirst_), atMost_);
    return std::clamp(wanted, smallest, largest);
}

} // namespace bootferry::sftp
