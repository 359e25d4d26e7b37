// SPDX-License-Identifier: LGPL-2.1-or-later
// ip(7), ipv6(7).
#include "sockets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "host.h"

namespace bootferry::dolly {
namespace {

using plugin::Failure;
using plugin::Family;

constexpr int backlog = 64;

void set(int fd, int level, int option, int value) {
    (void)::setsockopt(fd, level, option, &value, sizeof value);
}

Descriptor newSocket(int family) {
    return Descriptor(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool bindTo(const Descriptor& socket, int family, std::uint16_t port) {
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6) {
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_port = htons(port);
        return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
    }
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
}

} // namespace

HostAddress HostAddress::ofIpv4(const in_addr& address) {
    HostAddress host;
    host.octets_[10] = host.octets_[11] = 0xff;
    std::memcpy(host.octets_.data() + 12, &address, sizeof address);
    return host;
}

HostAddress HostAddress::of(const sockaddr* address) {
    HostAddress host;
    if (address->sa_family == AF_INET6) {
        const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
        std::memcpy(host.octets_.data(), &six->sin6_addr, host.octets_.size());
    } else if (address->sa_family == AF_INET) {
        host = ofIpv4(reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    }
    return host;
}

std::optional<HostAddress> HostAddress::parse(const std::string& text) {
    in_addr four{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1) {
        return ofIpv4(four);
    }
    HostAddress host;
    if (::inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), host.octets_.data()) == 1) {
        return host;
    }
    return std::nullopt;
}

std::string HostAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    in6_addr six{};
    std::memcpy(&six, octets_.data(), octets_.size());
    const bool isFour = IN6_IS_ADDR_V4MAPPED(&six);
    const auto* from = octets_.data() + (isFour ? 12 : 0);
    return ::inet_ntop(isFour ? AF_INET : AF_INET6, from, buffer.data(), buffer.size());
}

bool HostAddress::isUnspecified() const {
    return text() == "0.0.0.0" || text() == "::";
}

std::vector<HostAddress> ownAddresses() {
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) < 0) {
        throw Failure(BOOTFERRY_ERROR_IO, "reading this machine's addresses", errno);
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(raw, &::freeifaddrs);
    std::vector<HostAddress> addresses;
    for (const auto* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr != nullptr &&
            (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6)) {
            addresses.push_back(HostAddress::of(entry->ifa_addr));
        }
    }
    return addresses;
}

Descriptor listenOn(std::uint16_t port, Family family) {
    int used = family == Family::Ipv4 ? AF_INET : AF_INET6;
    auto socket = newSocket(used);
    if (!socket && family == Family::Any && errno == EAFNOSUPPORT) {
        used = AF_INET;
        socket = newSocket(used);
    }
    if (used == AF_INET6) {
        set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, family == Family::Ipv6 ? 1 : 0);
    }
    if (!socket || !bindTo(socket, used, port) || ::listen(socket.get(), backlog) < 0) {
        const int why = errno;
        throw Failure(BOOTFERRY_ERROR_UNREACHABLE, "cannot listen on port " + std::to_string(port), why);
    }
    return socket;
}

std::optional<Connection> acceptFrom(const Descriptor& listener) {
    for (;;) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        Descriptor socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                                    SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            plugin::configure(socket, keepAlive);
            return Connection{std::move(socket), HostAddress::of(reinterpret_cast<const sockaddr*>(&peer))};
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return std::nullopt;
        }
    }
}

} // namespace bootferry::dolly
