// SPDX-License-Identifier: LGPL-2.1-or-later
// The connection to the system bus, while there is one: connecting does not block (an initrd may have no bus,
// or start it late), and a lost connection is made anew. Nothing depends on the bus or waits for it: a bus
// that stops reading is disconnected and tried again later.
#pragma once

#include <functional>
#include <string>

#include "bus_objects.h"
#include "handles.h"

namespace bootferry {

class SystemBus {
public:
    // `event` and `objects` must outlive the object. address: see sd_bus_set_address(3).
    SystemBus(sd_event* event, std::string address, BusObjects& objects);
    ~SystemBus();
    SystemBus(const SystemBus&) = delete;
    SystemBus& operator=(const SystemBus&) = delete;

    // Calls back, perhaps at once, when the service no longer owns its name on the bus.
    void releaseName(std::function<void()> released);

private:
    void connect() noexcept; // a failure is retried later
    void connectOrThrow();
    void disconnect();
    void connectLater();
    static int onRound(sd_event_source* source, void* userdata);
    static int onReconnect(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onDisconnected(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onReleased(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onName(sd_bus_message* message, void* userdata, sd_bus_error* error);

    sd_event* event_;
    std::string address_;
    BusObjects& objects_;
    UnflushedBusHandle bus_;
    std::function<void()> released_;
    EventSourceHandle timer_; // for the next attempt
    EventSourceHandle rounds_;
};

} // namespace bootferry
