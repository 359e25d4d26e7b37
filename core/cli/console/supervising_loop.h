// SPDX-License-Identifier: LGPL-2.1-or-later
// The event loop of a verb that waits for a transfer: the signals that stop it arrive as events, unless the
// parent ignores them (nohup(1), a shell's background job), and sd-event handles SIGCHLD.
#pragma once

#include <csignal>
#include <functional>
#include <initializer_list>
#include <vector>

#include "handles.h"

namespace bootferry {

class SupervisingLoop {
public:
    // onStop: called for each such signal.
    explicit SupervisingLoop(std::function<void()> onStop,
                             std::initializer_list<int> signals = {SIGINT, SIGTERM});
    ~SupervisingLoop(); // restores the default: signals end the program
    SupervisingLoop(const SupervisingLoop&) = delete;
    SupervisingLoop& operator=(const SupervisingLoop&) = delete;

    [[nodiscard]] sd_event* event() const { return event_.get(); }
    [[nodiscard]] int run(); // until end(); returns its status
    void end(int status);

private:
    static int onSignal(sd_event_source* source, const signalfd_siginfo* info, void* userdata);

    std::function<void()> onStop_;
    EventHandle event_;
    std::vector<EventSourceHandle> watched_;
    int status_ = 0;
    sigset_t before_{}; // the thread's signal mask
};

} // namespace bootferry
