// SPDX-License-Identifier: LGPL-2.1-or-later
// An event loop, and a timer of it that expires once.
#pragma once

#include <chrono>

#include "handles.h"

namespace bootferry {

// A loop of its own, not the thread's default one.
[[nodiscard]] EventHandle makeEventLoop();

// Calls handler(source, usec, userdata) once after `wait`; the handle's destruction cancels that. `event`
// must outlive it. what: the context of the Error(Io) if the timer cannot be set. accuracy: how much later it
// may expire; 0 means systemd's default, 250 ms.
[[nodiscard]] EventSourceHandle startTimer(sd_event* event, std::chrono::microseconds wait,
                                           sd_event_time_handler_t handler, void* userdata, const char* what,
                                           std::chrono::microseconds accuracy = {});

} // namespace bootferry
