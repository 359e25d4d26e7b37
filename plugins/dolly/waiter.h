// SPDX-License-Identifier: LGPL-2.1-or-later
// Every wait of a session's own thread goes through here: it ends with a cancel, and while it lasts the host
// hears now and then what is waited for, since waiting for a server that is started by hand is no stall.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include "host.h"

namespace bootferry::dolly {

class Waiter {
public:
    using Clock = std::chrono::steady_clock;

    Waiter(const plugin::Host& host, int cancelFd) : host_(host), cancelFd_(cancelFd) {}

    // What is waited for; told at once, and again in each wait that is long.
    void say(const std::string& what);
    // From now on silence counts as a stall.
    void fallSilent() { what_.clear(); }

    // As poll(2), without EINTR. Throws plugin::Failure(CANCELLED).
    int wait(std::vector<pollfd> fds, Clock::time_point until, std::vector<pollfd>* result = nullptr);

    // One descriptor: are its events there before the time has come?
    bool wait(int fd, short events, Clock::time_point until);

    void throwIfCancelled();

private:
    const plugin::Host& host_;
    int cancelFd_;
    std::string what_;
    Clock::time_point told_;
};

inline constexpr Waiter::Clock::time_point forever = Waiter::Clock::time_point::max();

} // namespace bootferry::dolly
