// SPDX-License-Identifier: LGPL-2.1-or-later
// An address with a port, in the form that the resolver returns and connect(2) takes.
#pragma once

#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>

namespace bootferry::plugin {

enum class Family { Any, Ipv4, Ipv6 };

struct Endpoint {
    sockaddr_storage address{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* plain() const { return reinterpret_cast<const sockaddr*>(&address); }

    void setPort(std::uint16_t port) {
        if (address.ss_family == AF_INET6) {
            reinterpret_cast<sockaddr_in6*>(&address)->sin6_port = htons(port);
        } else {
            reinterpret_cast<sockaddr_in*>(&address)->sin_port = htons(port);
        }
    }
};

} // namespace bootferry::plugin
