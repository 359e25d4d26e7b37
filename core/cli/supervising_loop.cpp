// SPDX-License-Identifier: LGPL-2.1-or-later
#include "supervising_loop.h"

#include <csignal>

namespace bootferry {

SupervisingLoop::SupervisingLoop(std::function<void()> onStop)
    : onStop_(std::move(onStop)),
      event_(makeHandle<EventHandle>([](sd_event** event) { return sd_event_new(event); },
                                     "making an event loop")) {
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGCHLD, SIGINT, SIGTERM}) {
        sigaddset(&mask, number);
    }
    if (const int result = ::pthread_sigmask(SIG_BLOCK, &mask, nullptr); result != 0) {
        throwErrno(result, "blocking signals");
    }
    const auto watch = [&](int number) {
        return makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_signal(event_.get(), source, number, onSignal, this);
            },
            "watching signals");
    };
    interrupt_ = watch(SIGINT);
    terminate_ = watch(SIGTERM);
}

int SupervisingLoop::run() {
    checkSd(sd_event_loop(event_.get()), "running the event loop");
    return status_;
}

void SupervisingLoop::end(int status) {
    status_ = status;
    (void)sd_event_exit(event_.get(), 0);
}

int SupervisingLoop::onSignal(sd_event_source*, const signalfd_siginfo*, void* userdata) {
    static_cast<SupervisingLoop*>(userdata)->onStop_();
    return 0;
}

} // namespace bootferry
