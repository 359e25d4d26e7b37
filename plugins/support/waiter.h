// SPDX-License-Identifier: LGPL-2.1-or-later
// The one place where this plugin waits. Every wait watches the request's cancel_fd beside what it waits for,
// and ends at the deadline while one is set (opening has one; a stall in mid-transfer is the host's to
// judge).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

namespace bootferry::sftp {

class Waiter {
public:
    using Clock = std::chrono::steady_clock;

    // `whom`: who is waited for, as a deadline that passed names it.
    Waiter(int cancelFd, std::string whom) : cancelFd_(cancelFd), whom_(std::move(whom)) {}

    void setDeadline(std::chrono::milliseconds fromNow);
    void clearDeadline() { deadline_.reset(); }

    // Polls the entries and fills their revents. False: `atMost` passed first. Throws Failure(CANCELLED) and
    // Failure(TIMEOUT).
    bool wait(std::vector<pollfd>& entries, std::optional<std::chrono::milliseconds> atMost = {}) const;

    void throwIfCancelled() const;

private:
    int cancelFd_;
    std::string whom_;
    std::chrono::milliseconds patience_{0};
    std::optional<Clock::time_point> deadline_;
};

} // namespace bootferry::sftp
