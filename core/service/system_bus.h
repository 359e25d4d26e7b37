// SPDX-License-Identifier: LGPL-2.1-or-later
// The system bus, when and as long as there is one: connected to without waiting (an initrd may have none, or
// get one late), and again after it went away. Nothing depends on it, and nothing waits for it: a bus that
// has stopped to read is left, and tried again later.
#pragma once

#include <functional>
#include <string>

#include "bus_objects.h"
#include "handles.h"

namespace bootferry {

class SystemBus {
public:
    // `event` and `objects` must outlive the object. address: as sd_bus_set_address(3) has it.
    SystemBus(sd_event* event, std::string address, BusObjects& objects);
    ~SystemBus();
    SystemBus(const SystemBus&) = delete;
    SystemBus& operator=(const SystemBus&) = delete;

    // The callback comes, perhaps at once, when nobody finds us by our name any longer.
    void releaseName(std::function<void()> released);

private:
    void connect() noexcept; // what fails is tried again later
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
    EventSourceHandle timer_; // of the next attempt
    EventSourceHandle rounds_;
};

} // namespace bootferry
