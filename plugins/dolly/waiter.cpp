// SPDX-License-Identifier: LGPL-2.1-or-later
#include "waiter.h"

#include <algorithm>
#include <cerrno>

namespace bootferry::dolly {
namespace {

constexpr std::chrono::seconds tellEvery{5}; // the host wants to hear something every ten

int millisecondsUntil(Waiter::Clock::time_point until) {
    const auto slice = std::min<Waiter::Clock::duration>(tellEvery, until - Waiter::Clock::now());
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(slice);
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(rounded.count(), 0));
}

} // namespace

void Waiter::say(const std::string& what) {
    what_ = what;
    told_ = Clock::now();
    host_.status(what_);
}

int Waiter::wait(std::vector<pollfd> fds, Clock::time_point until, std::vector<pollfd>* result) {
    fds.push_back({.fd = cancelFd_, .events = POLLIN, .revents = 0});
    for (;;) {
        const int ready = ::poll(fds.data(), fds.size(), millisecondsUntil(until));
        if (ready < 0 && errno != EINTR) {
            throw plugin::Failure(BOOTFERRY_ERROR_IO, "waiting for connections", errno);
        }
        if (fds.back().revents != 0) {
            throw plugin::Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
        }
        const auto now = Clock::now();
        if (!what_.empty() && now - told_ >= tellEvery) {
            say(what_);
        }
        if (ready > 0 || now >= until) {
            if (result != nullptr) {
                fds.pop_back();
                *result = std::move(fds);
            }
            return std::max(ready, 0);
        }
    }
}

bool Waiter::wait(int fd, short events, Clock::time_point until) {
    return wait({{.fd = fd, .events = events, .revents = 0}}, until) > 0;
}

void Waiter::throwIfCancelled() {
    pollfd cancel{.fd = cancelFd_, .events = POLLIN, .revents = 0};
    if (::poll(&cancel, 1, 0) > 0) {
        throw plugin::Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
    }
}

} // namespace bootferry::dolly
