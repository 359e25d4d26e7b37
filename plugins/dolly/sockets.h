// SPDX-License-Identifier: LGPL-2.1-or-later
// A node's listening side: two ports, and addresses that compare equal in their IPv4 and IPv6 form. All
// sockets are non-blocking.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "connections.h"

namespace bootferry::dolly {

// A host's address, without port and scope; IPv4 in the form ::ffff:a.b.c.d.
class HostAddress {
public:
    static HostAddress of(const sockaddr* address);
    static std::optional<HostAddress> parse(const std::string& text); // numeric only

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool isUnspecified() const; // 0.0.0.0 or ::
    bool operator==(const HostAddress&) const = default;

private:
    static HostAddress ofIpv4(const in_addr& address);

    std::array<std::uint8_t, 16> octets_{};
};

struct Connection {
    Descriptor socket;
    HostAddress peer;
};

// The current addresses of this machine's interfaces.
[[nodiscard]] std::vector<HostAddress> ownAddresses();

// Listens on both families if the machine has both. Throws plugin::Failure.
[[nodiscard]] Descriptor listenOn(std::uint16_t port, plugin::Family family);
// nullopt: no connection is waiting.
[[nodiscard]] std::optional<Connection> acceptFrom(const Descriptor& listener);
} // namespace bootferry::dolly
