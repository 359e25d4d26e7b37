// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects a socket to one of a host's addresses by RFC 8305 ("happy eyeballs"): the address families
// alternate, and an address that does not answer costs 250 ms instead of a timeout, since the next one is
// tried in parallel. A server that accepts a single client must not see two connections: for it, the
// addresses are tried one by one. (RFC 8305's delay between the answers for IPv4 and IPv6 does not apply:
// getaddrinfo(3) returns both at once.)
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "descriptor.h"
#include "endpoint.h"
#include "waiter.h"

namespace bootferry::plugin {

struct KeepAlive {
    std::chrono::seconds idle{30}; // without data, before the first keep-alive probe (tcp(7))
    // After this time without an answer, the connection fails (also TCP_USER_TIMEOUT). Absent: the kernel's
    // default, which is minutes.
    std::optional<std::chrono::seconds> deadAfter{};
};

// Sends small messages at once, and detects a peer that lost its power.
void configure(const Descriptor& socket, const KeepAlive& keepAlive);

struct ConnectOptions {
    KeepAlive keepAlive{};
    enum class Order { SideBySide, OneByOne } order = Order::SideBySide;
    // SideBySide: the time until the next address is tried in parallel; RFC 8305 section 5 recommends 250 ms.
    // OneByOne: the time until an attempt, including the last one, is abandoned.
    std::chrono::milliseconds attemptTime{250};
};

// "10.0.0.1 port 22", for messages; empty if the socket is not connected.
[[nodiscard]] std::string peerOf(const Descriptor& socket);

struct ConnectResult {
    Descriptor socket; // non-blocking; empty: no address can be reached
    int error = 0;     // if empty: the errno of the last failure, ETIMEDOUT for an abandoned attempt
};

// Throws what the waiter throws. SideBySide has no time limit except the waiter's deadline.
[[nodiscard]] ConnectResult connectTo(std::span<const Endpoint> endpoints, Waiter& waiter,
                                      const ConnectOptions& options);

} // namespace bootferry::plugin
