// SPDX-License-Identifier: LGPL-2.1-or-later
// From a host's addresses to a connected socket. RFC 8305 ("happy eyeballs"): the families take turns, and an
// address that does not answer costs a quarter of a second and not a timeout, since the next one is tried
// beside it. A server that takes any connection for its only client must not be asked twice: for that one the
// addresses are tried one by one. (RFC 8305's delay between the answers for IPv4 and IPv6 has no place here:
// getaddrinfo(3) has both or neither.)
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "descriptor.h"
#include "endpoint.h"
#include "waiter.h"

namespace bootferry::plugin {

struct KeepAlive {
    std::chrono::seconds idle{30}; // of silence, before the peer is asked for a sign of life (tcp(7))
    // When a peer that gives none is taken for dead: TCP_USER_TIMEOUT as well. Absent: the kernel's own,
    // which is minutes.
    std::optional<std::chrono::seconds> deadAfter{};
};

// Small messages go out at once, and a peer that lost its power is noticed.
void configure(const Descriptor& socket, const KeepAlive& keepAlive);

struct ConnectOptions {
    KeepAlive keepAlive{};
    enum class Order { SideBySide, OneByOne } order = Order::SideBySide;
    // SideBySide: until the next address is tried as well; RFC 8305 section 5 recommends 250 ms. OneByOne:
    // until an address, the last one as well, is given up.
    std::chrono::milliseconds attemptTime{250};
};

struct ConnectResult {
    Descriptor socket; // non-blocking; none: no address can be reached
    int error = 0;     // then: the errno of the attempt that failed last, ETIMEDOUT for one given up
};

// Throws what the waiter throws. SideBySide has no limit of its own: the waiter's deadline is.
[[nodiscard]] ConnectResult connectTo(std::span<const Endpoint> endpoints, Waiter& waiter,
                                      const ConnectOptions& options);

} // namespace bootferry::plugin
