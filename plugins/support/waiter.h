// SPDX-License-Identifier: LGPL-2.1-or-later
// All waits of a session's own thread. A wait ends with the expected event, at a time limit, or with a
// Failure: a cancel, the deadline of all waits, or an interruption. The host treats silence as a stall; so a
// wait that may be long (for a server that is started by hand) announces its reason at once and then every
// few seconds.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <poll.h>

#include "host.h"

namespace bootferry::plugin {

class Waiter {
public:
    using Clock = std::chrono::steady_clock;
    using Announce = std::function<void(const std::string& what)>;

    static constexpr Clock::time_point forever = Clock::time_point::max();
    static constexpr std::chrono::milliseconds announceInterval{5000}; // the host expects one every ten s

    // cancelFd: becomes readable on a cancel; not owned; -1: waits cannot be cancelled.
    // announce: receives the announcements; may be empty.
    explicit Waiter(int cancelFd, Announce announce = {}, Clock::duration interval = announceInterval)
        : cancelFd_(cancelFd), announce_(std::move(announce)), interval_(interval) {}

    // After `when`, every wait throws Failure(TIMEOUT) with this message, until clearDeadline().
    void setDeadline(Clock::time_point when, std::string message);
    void clearDeadline() { deadline_.reset(); }

    // Announces `what` during waits, until stopAnnouncing().
    void announce(const std::string& what);
    void stopAnnouncing() { announced_.clear(); }

    // Like poll(2) without EINTR: returns how many entries have revents; 0: `until` passed first. Throws
    // Failure with CANCELLED or TIMEOUT, or the interruption's.
    int wait(std::span<pollfd> entries, Clock::time_point until = forever);
    // Waits for one descriptor; true: one of the events, or an error, occurred.
    bool wait(int fd, short events, Clock::time_point until = forever);
    // Waits until then; throws like wait().
    void sleepUntil(Clock::time_point until) { (void)wait({}, until); }

    void throwIfCancelled() const;

private:
    friend class Interruption;
    struct Deadline {
        Clock::time_point when;
        std::string message;
    };
    struct Interrupt {
        pollfd entry;
        Failure failure;
    };

    [[nodiscard]] int pollTime(Clock::time_point until) const;
    void throwIfInterrupted(const pollfd& cancel, const pollfd& interrupt) const;
    void repeatAnnouncement();

    int cancelFd_;
    Announce announce_;
    Clock::duration interval_;
    std::optional<Deadline> deadline_;
    std::optional<Interrupt> interrupt_;
    std::string announced_;
    Clock::time_point lastAnnounced_;
};

// While it exists, every wait of the waiter watches one more descriptor, not owned, and throws `failure` when
// one of the events, or an error, occurs. A waiter has one at a time.
class Interruption {
public:
    Interruption(Waiter& waiter, int fd, short events, Failure failure);
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() { waiter_.interrupt_.reset(); }

private:
    Waiter& waiter_;
};

} // namespace bootferry::plugin
