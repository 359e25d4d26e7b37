// SPDX-License-Identifier: LGPL-2.1-or-later
// The descriptor that a plugin polls as cancel_fd. It is an epoll instance over the user's cancel descriptor
// and a stall timer, so that one poll covers both and no watchdog thread is needed. The timer runs only while
// the host waits for the plugin: a slow target is not a stalled source.
#pragma once

#include <chrono>
#include <mutex>

#include "handles.h"

namespace bootferry {

class GiveUpSignal {
public:
    using Clock = std::chrono::steady_clock;

    // cancelFd is borrowed and may be -1; it becomes readable, and stays so, when the user cancels.
    GiveUpSignal(int cancelFd, std::chrono::microseconds patience);

    [[nodiscard]] int fd() const { return epoll_.get(); }

    // Restarts the timer, for one wait. `latest` is the deadline of the whole transfer.
    void startClock(Clock::time_point latest = Clock::time_point::max());
    void stopClock();
    // Restarts the timer if it runs: the plugin has reported activity. Callable from any thread.
    void touch();

    [[nodiscard]] bool cancelled() const;
    [[nodiscard]] bool expired() const; // since startClock()
    [[nodiscard]] std::chrono::microseconds patience() const { return patience_; }

private:
    void setFromNow();

    int cancelFd_;
    std::chrono::microseconds patience_;
    std::mutex mutex_; // guards the three below
    bool running_ = false;
    Clock::time_point latest_ = Clock::time_point::max();
    UniqueFd timer_;
    UniqueFd epoll_;
};

// Is the descriptor readable now? false for -1.
[[nodiscard]] bool isReadable(int fd);

} // namespace bootferry
