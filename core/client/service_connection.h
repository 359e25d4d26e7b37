// SPDX-License-Identifier: LGPL-2.1-or-later
// The way to bootferryd: its private socket, or the system bus if nobody listens there. $BOOTFERRY_ADDRESS
// (sd_bus_set_address(3)) overrides both.
#pragma once

#include <chrono>
#include <string>

#include "handles.h"

namespace bootferry {

constexpr const char* privateSocketPath = "/run/bootferry/private";

struct ServiceConnection {
    BusHandle bus;                     // ready for calls
    const char* destination = nullptr; // the service's name on a bus; null on the private socket
};

// Throws NoService (no_service.h) if there is no service, or none answers within the time.
[[nodiscard]] ServiceConnection connectToService(std::chrono::seconds patience);
// The service that listens on this private socket.
[[nodiscard]] ServiceConnection connectToSocket(const std::string& path, std::chrono::seconds patience);

} // namespace bootferry
