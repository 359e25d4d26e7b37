// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends an idle service in the booted system; its socket or the system bus starts it again. The results of
// ended transfers are lost with it, so the timeout should not be short.
#pragma once

#include <chrono>
#include <functional>

#include "handles.h"

namespace bootferry {

class IdleExit {
public:
    using Time = std::chrono::steady_clock::time_point;

    struct Callbacks {
        std::function<bool()> needed; // a transfer runs, or a client is connected
        std::function<Time()> lastUse;
        std::function<void()> leave;
    };

    // `event` must outlive the object.
    IdleExit(sd_event* event, std::chrono::microseconds timeout, Callbacks callbacks);

private:
    void checkIn(std::chrono::microseconds wait);
    static int onTimer(sd_event_source* source, std::uint64_t time, void* userdata);

    sd_event* event_;
    std::chrono::microseconds timeout_;
    Callbacks callbacks_;
    EventSourceHandle timer_;
};

} // namespace bootferry
