// SPDX-License-Identifier: LGPL-2.1-or-later
// What all of dolly's connections have in common: two ports, and the time after which a silent peer is dead.
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

// A node whose power was cut says nothing.
inline constexpr plugin::KeepAlive keepAlive{.idle = std::chrono::seconds(10),
                                             .deadAfter = std::chrono::seconds(30)};

// The total, and its acknowledgement, on a control connection: in the byte order of the machines.
inline constexpr std::size_t totalSize = sizeof(std::uint64_t);

// Did the last call on a non-blocking socket fail for no other reason than that it would have to wait?
[[nodiscard]] inline bool wouldBlock() {
    return errno == EAGAIN || errno == EINTR;
}

} // namespace bootferry::dolly
