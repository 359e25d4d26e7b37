// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_ahead.h"

#include <algorithm>

namespace bootferry::sftp {
namespace {

constexpr std::uint64_t smallest = 32UL * 1024;
constexpr std::uint64_t largest = 2048UL * 1024;  // libssh2 has at most four of it in flight
constexpr std::uint64_t forNoLine = 256UL * 1024; // over loopback
constexpr std::uint64_t perMicrosecond = 75;      // with four buffers, 300 MB/s: what one processor decrypts
constexpr std::uint64_t receivedPerBuffer = 40;   // four buffers: a tenth
constexpr std::uint64_t fileSizePerBuffer = 100;  // four buffers: a twenty-fifth
constexpr std::chrono::microseconds longest{1'000'000}; // no line has a longer round trip

} // namespace

ReadAhead::ReadAhead(std::chrono::microseconds roundTrip, std::uint64_t offset,
                     std::optional<std::uint64_t> size)
    : atFirst_(offset == 0 ? size.value_or(0) / fileSizePerBuffer : 0),
      atMost_(forNoLine + static_cast<std::uint64_t>(std::min(roundTrip, longest).count()) * perMicrosecond) {
}

std::size_t ReadAhead::bufferAfter(std::uint64_t received) const {
    const auto wanted = std::min(std::max(received / receivedPerBuffer, atFirst_), atMost_);
    return std::clamp(wanted / smallest * smallest, smallest, largest);
}

} // namespace bootferry::sftp
