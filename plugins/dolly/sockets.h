// SPDX-License-Identifier: LGPL-2.1-or-later
// TCP as dolly needs it: two listening ports, connections to the next node, and addresses that are compared
// whichever family they come in. All sockets are non-blocking.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "descriptor.h"
#include "waiter.h"

namespace bootferry::dolly {

using plugin::Descriptor;
using plugin::Waiter;

enum class Family { Any, Ipv4, Ipv6 };

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

// What connect(2) takes.
struct Endpoint {
    sockaddr_storage address{};
    socklen_t length = 0;

    [[nodiscard]] HostAddress host() const { return HostAddress::of(plain()); }
    [[nodiscard]] const sockaddr* plain() const { return reinterpret_cast<const sockaddr*>(&address); }
    void setPort(std::uint16_t port);
};

struct Connection {
    Descriptor socket;
    HostAddress peer;
};

// The addresses of this machine's interfaces, as they are now.
[[nodiscard]] std::vector<HostAddress> ownAddresses();

// Both families at once where there are both. Throws plugin::Failure.
[[nodiscard]] Descriptor listenOn(std::uint16_t port, Family family);
// Nothing: nobody waits to be accepted any more.
[[nodiscard]] std::optional<Connection> acceptFrom(const Descriptor& listener);
// Begins to connect: writable means that it came to an end, one way or the other.
[[nodiscard]] Descriptor beginConnect(const Endpoint& endpoint);
// The errno with which connecting ended, 0 where it worked.
[[nodiscard]] int connectResult(const Descriptor& socket);

// Did the last call on a non-blocking socket fail for no other reason than that it would have to wait?
[[nodiscard]] bool wouldBlock();

// Small messages go out at once, and a peer whose power was cut is noticed.
void watchOver(const Descriptor& socket);

} // namespace bootferry::dolly
