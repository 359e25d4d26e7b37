// SPDX-License-Identifier: LGPL-2.1-or-later
#include "waiter.h"

#include <algorithm>
#include <cerrno>

#include "host.h"

namespace bootferry::sftp {
namespace {

using plugin::Failure;
using std::chrono::milliseconds;

// Rounded up: a poll that ends a little early would only be repeated.
milliseconds until(Waiter::Clock::time_point when) {
    const auto left = std::chrono::ceil<milliseconds>(when - Waiter::Clock::now());
    return std::max(left, milliseconds(0));
}

} // namespace

void Waiter::setDeadline(milliseconds fromNow) {
    patience_ = fromNow;
    deadline_ = Clock::now() + fromNow;
}

bool Waiter::wait(std::vector<pollfd>& entries, std::optional<milliseconds> atMost) const {
    constexpr milliseconds longest{60'000}; // poll's own limit is an int
    const auto end = atMost ? std::optional(Clock::now() + *atMost) : std::nullopt;
    entries.push_back({.fd = cancelFd_, .events = POLLIN, .revents = 0});
    for (;;) {
        auto patience = longest;
        if (deadline_) {
            patience = std::min(patience, until(*deadline_));
        }
        if (end) {
            patience = std::min(patience, until(*end));
        }
        const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(patience.count()));
        if (ready < 0 && errno != EINTR) {
            throw Failure(BOOTFERRY_ERROR_IO, "waiting for the network", errno);
        }
        if (ready > 0 && entries.back().revents != 0) {
            throw Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
        }
        if (ready > 0) {
            entries.pop_back();
            return true;
        }
        if (deadline_ && Clock::now() >= *deadline_) {
            throw Failure(BOOTFERRY_ERROR_TIMEOUT, whom_ + " did not let the file be opened within " +
                                                       std::to_string(patience_.count() / 1000) + " s");
        }
        if (end && Clock::now() >= *end) {
            entries.pop_back();
            return false;
        }
    }
}

void Waiter::throwIfCancelled() const {
    pollfd entry{.fd = cancelFd_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 0) > 0) {
        throw Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
    }
}

} // namespace bootferry::sftp
