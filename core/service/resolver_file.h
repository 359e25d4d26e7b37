// SPDX-License-Identifier: LGPL-2.1-or-later
// /etc/resolv.conf for initrds whose networkd has no systemd-resolved beside it: networkd then tells the name
// servers that DHCP gave in /run/systemd/netif/state only, where no C library looks. A file that somebody
// else writes is left alone.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// The text of resolv.conf(5) for networkd's state file (KEY=value lines, lists divided by spaces); empty
// where it names no server. Pure.
[[nodiscard]] std::string resolvConfText(const std::string& networkState);

class ResolverFile {
public:
    // Keeps target up to date from then on. `event` must outlive the object.
    explicit ResolverFile(sd_event* event, std::string networkState = "/run/systemd/netif/state",
                          std::string target = "/etc/resolv.conf");

private:
    void update() noexcept;
    void updateLater();
    static int onTimer(sd_event_source* source, std::uint64_t time, void* userdata);

    sd_event* event_;
    std::string networkState_;
    std::string target_;
    std::string written_;
    EventSourceHandle timer_;
};

} // namespace bootferry
