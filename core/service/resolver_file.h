// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes /etc/resolv.conf in initrds that have networkd but no systemd-resolved: networkd then publishes the
// name servers from DHCP only in /run/systemd/netif/state, which no C library reads. A file written by
// another program is left alone.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// The text of resolv.conf(5) for networkd's state file (KEY=value lines, lists separated by spaces); empty if
// it names no server. Pure.
[[nodiscard]] std::string resolvConfText(const std::string& networkState);

class ResolverFile {
public:
    // Keeps target up to date from construction on. `event` must outlive the object.
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
