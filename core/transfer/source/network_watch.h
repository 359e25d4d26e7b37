// SPDX-License-Identifier: LGPL-2.1-or-later
// Waits before a retry, but no longer than until the network changes: the kernel announces every new address
// and route on rtnetlink(7). This replaces an ordering after a network target in our units, since different
// initrds have different targets.
#pragma once

#include <chrono>

#include "handles.h"

namespace bootferry {

class NetworkWatch {
public:
    enum class Woken { TimePassed, NetworkChanged, Cancelled };

    NetworkWatch(); // without netlink, wait() notices no changes

    // Waits for a change of the network, a cancel or the end of the time. cancelFd is borrowed and may be -1.
    [[nodiscard]] Woken wait(std::chrono::milliseconds longest, int cancelFd);

    // Does any interface other than the loopback have an IPv4 address, or an IPv6 one beyond link-local?
    [[nodiscard]] static bool isConfigured();

private:
    void drain();

    UniqueFd netlink_;
};

} // namespace bootferry
