// SPDX-License-Identifier: LGPL-2.1-or-later
// The event loop of a verb that waits for a transfer: the signals that stop it arrive as events, unless the
// parent ignores them (nohup(1), a shell's background job), and sd-event handles SIGCHLD.
#pragma once

#include <csignal>
#include <functional>
#include <vector>

#include "handles.h"

namespace bootferry {

// From now on each such signal ends the program with exitInterrupted and a line that says it, at once, except
// while a SupervisingLoop receives them. Without this, a verb that needs no loop would be ended by the signal
// itself, and its status would depend on the signal.
void endWhenInterrupted();

class SupervisingLoop {
public:
    // onStop: called for each of SIGINT, SIGTERM and SIGHUP.
    explicit SupervisingLoop(std::function<void()> onStop);
    ~SupervisingLoop(); // restores the mask: signals act as before
    SupervisingLoop(const SupervisingLoop&) = delete;
    SupervisingLoop& operator=(const SupervisingLoop&) = delete;

    [[nodiscard]] sd_event* event() const { return event_.get(); }
    [[nodiscard]] int run(); // until end(); returns its status
    void end(int status);

    // For a call that waits itself, so that no event arrives meanwhile: the signals act as before the loop.
    template <typename Call>
    auto interruptibly(Call call) {
        const Unblocked unblocked(before_);
        return call();
    }

private:
    class Unblocked {
    public:
        explicit Unblocked(const sigset_t& before);
        ~Unblocked();
        Unblocked(const Unblocked&) = delete;
        Unblocked& operator=(const Unblocked&) = delete;

    private:
        sigset_t blocked_{};
    };

    static int onSignal(sd_event_source* source, const signalfd_siginfo* info, void* userdata);

    std::function<void()> onStop_;
    EventHandle event_;
    std::vector<EventSourceHandle> watched_;
    int status_ = 0;
    sigset_t before_{}; // the thread's signal mask
};

} // namespace bootferry
