// SPDX-License-Identifier: LGPL-2.1-or-later
// The messages are read and dropped, since it matters only that something has changed. An overrun (ENOBUFS)
// is a change too.
#include "network_watch.h"

#include <array>
#include <cerrno>
#include <memory>

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace bootferry {
namespace {

bool isRoutable(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        return true;
    }
    if (address->sa_family != AF_INET6) {
        return false;
    }
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    return IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr) == 0;
}

} // namespace

NetworkWatch::NetworkWatch()
    : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (netlink_ &&
        ::bind(netlink_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
        netlink_.reset();
    }
}

NetworkWatch::Woken NetworkWatch::wait(std::chrono::milliseconds longest, int cancelFd) {
    drain(); // changes from before the failed attempt do not count
    std::array entries{pollfd{.fd = cancelFd, .events = POLLIN, .revents = 0},
                       pollfd{.fd = netlink_.get(), .events = POLLIN, .revents = 0}};
    const auto end = std::chrono::steady_clock::now() + longest;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        const int ready =
            left.count() > 0 ? ::poll(entries.data(), entries.size(), static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (entries[0].revents != 0) {
            return Woken::Cancelled;
        }
        return ready > 0 ? Woken::NetworkChanged : Woken::TimePassed;
    }
}

void NetworkWatch::drain() {
    std::array<char, 8192> buffer{};
    while (netlink_ && (::recv(netlink_.get(), buffer.data(), buffer.size(), 0) > 0 || errno == ENOBUFS)) {
    }
}

bool NetworkWatch::isConfigured() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) < 0) {
        return true; // unknown: do not blame the network
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const bool up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
        if (up && entry->ifa_addr != nullptr && isRoutable(entry->ifa_addr)) {
            return true;
        }
    }
    return false;
}

} // namespace bootferry
