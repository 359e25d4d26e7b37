// SPDX-License-Identifier: LGPL-2.1-or-later
// The event loop of a verb that waits for a transfer: SIGINT and SIGTERM arrive as events, and sd-event
// handles SIGCHLD.
#pragma once

#include <functional>

#include "handles.h"

namespace bootferry {

class SupervisingLoop {
public:
    // onStop: called at each SIGINT and SIGTERM.
    explicit SupervisingLoop(std::function<void()> onStop);

    [[nodiscard]] sd_event* event() const { return event_.get(); }
    [[nodiscard]] int run(); // until end(); returns its status
    void end(int status);

private:
    static int onSignal(sd_event_source* source, const signalfd_siginfo* info, void* userdata);

    std::function<void()> onStop_;
    EventHandle event_;
    EventSourceHandle interrupt_;
    EventSourceHandle terminate_;
    int status_ = 0;
};

} // namespace bootferry
