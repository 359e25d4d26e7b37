// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells when trying again may help: the kernel announces every new address and route on rtnetlink(7). There
// is no ordering after a network target in our units, because no two initrds agree on one; this takes its
// place.
#pragma once

#include <chrono>

#include "handles.h"

namespace bootferry {

class NetworkWatch {
public:
    enum class Woken { TimePassed, NetworkChanged, Cancelled };

    NetworkWatch(); // where netlink cannot be had, waits just take their time

    // Waits until something happens. cancelFd is borrowed and may be -1.
    [[nodiscard]] Woken wait(std::chrono::milliseconds longest, int cancelFd);

    // Has any interface but the loopback an address that reaches beyond its link?
    [[nodiscard]] static bool isConfigured();

private:
    void drain();

    UniqueFd netlink_;
};

} // namespace bootferry
