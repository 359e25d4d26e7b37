// SPDX-License-Identifier: LGPL-2.1-or-later
#include "waiter.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace bootferry::plugin {
namespace {

Failure cancelled() {
    return {BOOTFERRY_ERROR_CANCELLED, "cancelled"};
}

} // namespace

void Waiter::setDeadline(Clock::time_point when, std::string message) {
    deadline_.emplace(Deadline{when, std::move(message)});
}

void Waiter::announce(const std::string& what) {
    announced_ = what;
    lastAnnounced_ = Clock::now();
    if (announce_) {
        announce_(announced_);
    }
}

// Rounds up: a poll that ends early would only be repeated.
int Waiter::pollTime(Clock::time_point until) const {
    constexpr std::chrono::milliseconds longest{60'000}; // poll's own limit is an int
    const auto now = Clock::now();
    auto end = std::min(until, now + longest);
    if (deadline_) {
        end = std::min(end, deadline_->when);
    }
    if (!announced_.empty()) {
        end = std::min(end, lastAnnounced_ + interval_);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(end, now) - now);
    return static_cast<int>(left.count());
}

void Waiter::throwIfInterrupted(const pollfd& cancel, const pollfd& interrupt) const {
    if (cancel.revents != 0) {
        throw cancelled();
    }
    if (interrupt.revents != 0) {
        throw Failure(interrupt_->failure);
    }
}

void Waiter::repeatAnnouncement() {
    if (!announced_.empty() && Clock::now() - lastAnnounced_ >= interval_) {
        announce(std::string(announced_));
    }
}

int Waiter::wait(std::span<pollfd> entries, Clock::time_point until) {
    constexpr pollfd none{.fd = -1, .events = 0, .revents = 0}; // poll ignores it
    std::vector<pollfd> watched(entries.size() + 2, none);
    watched[0] = {.fd = cancelFd_, .events = POLLIN, .revents = 0};
    watched[1] = interrupt_ ? interrupt_->entry : none;
    std::copy(entries.begin(), entries.end(), watched.begin() + 2);
    for (;;) {
        const int ready = ::poll(watched.data(), watched.size(), pollTime(until));
        if (ready < 0 && errno != EINTR) {
            throw Failure(BOOTFERRY_ERROR_IO, "waiting for the network", errno);
        }
        if (ready > 0) {
            throwIfInterrupted(watched[0], watched[1]);
            std::copy(watched.begin() + 2, watched.end(), entries.begin());
        }
        repeatAnnouncement();
        if (ready > 0) {
            return ready;
        }
        if (deadline_ && Clock::now() >= deadline_->when) {
            throw Failure(BOOTFERRY_ERROR_TIMEOUT, deadline_->message);
        }
        if (Clock::now() >= until) {
            return 0;
        }
    }
}

bool Waiter::wait(int fd, short events, Clock::time_point until) {
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    return wait({&entry, 1}, until) > 0;
}

void Waiter::throwIfCancelled() const {
    pollfd entry{.fd = cancelFd_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 0) > 0) {
        throw cancelled();
    }
}

Interruption::Interruption(Waiter& waiter, int fd, short events, Failure failure) : waiter_(waiter) {
    waiter_.interrupt_.emplace(
        Waiter::Interrupt{{.fd = fd, .events = events, .revents = 0}, std::move(failure)});
}

} // namespace bootferry::plugin
