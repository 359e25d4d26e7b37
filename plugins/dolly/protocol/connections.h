// SPDX-License-Identifier: LGPL-2.1-or-later
// Settings of all dolly connections: two ports, and the time after which a silent peer counts as dead.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "tcp_connection.h"

namespace bootferry::dolly {

using plugin::Descriptor;
using plugin::Waiter;

struct Ports {
    std::uint16_t control = 9997;
    std::uint16_t data = 9998;
};

// Detects a node that lost its power.
inline constexpr plugin::KeepAlive keepAlive{.idle = std::chrono::seconds(10),
                                             .deadAfter = std::chrono::seconds(30)};

// The total and its acknowledgement, on a control connection, in the machines' byte order.
inline constexpr std::size_t totalSize = sizeof(std::uint64_t);

// True if the last call on a non-blocking socket failed only because it would have to wait.
[[nodiscard]] inline bool wouldBlock() {
    return errno == EAGAIN || errno == EINTR;
}

} // namespace bootferry::dolly
