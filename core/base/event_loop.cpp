// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_loop.h"

#include <cstdint>
#include <ctime>

namespace bootferry {

EventHandle makeEventLoop() {
    return makeHandle<EventHandle>([](sd_event** event) { return sd_event_new(event); },
                                   "making an event loop");
}

EventSourceHandle startTimer(sd_event* event, std::chrono::microseconds wait, sd_event_time_handler_t handler,
                             void* userdata, const char* what, std::chrono::microseconds accuracy) {
    return makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_time_relative(
                event, source, CLOCK_MONOTONIC, static_cast<std::uint64_t>(wait.count()),
                static_cast<std::uint64_t>(accuracy.count()), handler, userdata);
        },
        what);
}

} // namespace bootferry
