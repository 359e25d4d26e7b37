// SPDX-License-Identifier: LGPL-2.1-or-later
#include "supervising_loop.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <unistd.h>

#include "event_loop.h"
#include "exit_status.h"
#include "signal_message.h"

namespace bootferry {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};

bool isIgnored(int number) {
    struct sigaction action {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// A terminal has "^C" on the line, and maybe the progress.
void endNow(int) {
    writeErrorNow(::isatty(STDERR_FILENO) == 1 ? "\nbootferryctl: interrupted\n"
                                               : "bootferryctl: interrupted\n");
    ::_exit(exitInterrupted);
}

} // namespace

void endWhenInterrupted() {
    for (const int number : signals) {
        if (!isIgnored(number)) {
            struct sigaction action {};
            action.sa_handler = endNow;
            (void)::sigaction(number, &action, nullptr);
        }
    }
}

SupervisingLoop::Unblocked::Unblocked(const sigset_t& before) {
    auto mask = before;
    sigaddset(&mask, SIGCHLD); // stays the loop's
    (void)::pthread_sigmask(SIG_SETMASK, &mask, &blocked_);
}

SupervisingLoop::Unblocked::~Unblocked() {
    (void)::pthread_sigmask(SIG_SETMASK, &blocked_, nullptr);
}

SupervisingLoop::SupervisingLoop(std::function<void()> onStop)
    : onStop_(std::move(onStop)), event_(makeEventLoop()) {
    std::vector<int> heeded;
    std::copy_if(signals.begin(), signals.end(), std::back_inserter(heeded),
                 [](int number) { return !isIgnored(number); });
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    for (const int number : heeded) {
        sigaddset(&mask, number);
    }
    if (const int result = ::pthread_sigmask(SIG_BLOCK, &mask, &before_); result != 0) {
        throwErrno(result, "blocking signals");
    }
    for (const int number : heeded) {
        watched_.push_back(makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_signal(event_.get(), source, number, onSignal, this);
            },
            "watching signals"));
    }
}

SupervisingLoop::~SupervisingLoop() {
    watched_.clear();
    (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
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
