// SPDX-License-Identifier: LGPL-2.1-or-later
// A node's listening side: two ports, and addresses that are compared whichever family they come in. All
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

// A host by its address, without a port; IPv4 in the form ::ffff:a.b.c.d. Scopes are not part of it.
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

// The addresses of this machine's interfaces, as they are now.
[[nodiscard]] std::vector<HostAddress> ownAddresses();

// Both families at once where there are both. Throws plugin::Failure.
[[nodiscard]] Descriptor listenOn(std::uint16_t port, plugin::Family family);
// nullopt: no connection is waiting.
[[nodiscard]] std::optional<Connection> acceptFrom(const Descriptor& listener);
} // namespace bootferry::dolly
