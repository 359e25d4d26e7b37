// SPDX-License-Identifier: LGPL-2.1-or-later
// timerfd_create(2), epoll(7). The timer is never read, so that it stays readable until it is set again.
#include "give_up_signal.h"

#include <algorithm>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "errors.h"

namespace bootferry {
namespace {

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    checkErrno(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "watching for a cancel");
}

void setTimer(int timer, std::chrono::nanoseconds after) {
    itimerspec spec{};
    spec.it_value.tv_sec = static_cast<time_t>(after.count() / 1'000'000'000);
    spec.it_value.tv_nsec = static_cast<long>(after.count() % 1'000'000'000);
    checkErrno(::timerfd_settime(timer, 0, &spec, nullptr), "setting the stall timer");
}

} // namespace

bool isReadable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return fd >= 0 && ::poll(&entry, 1, 0) > 0;
}

GiveUpSignal::GiveUpSignal(int cancelFd, std::chrono::microseconds patience)
    : cancelFd_(cancelFd), patience_(patience),
      timer_(checkErrno(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                        "creating the stall timer")),
      epoll_(checkErrno(::epoll_create1(EPOLL_CLOEXEC), "creating the cancel descriptor")) {
    watch(epoll_.get(), timer_.get());
    if (cancelFd_ >= 0) {
        watch(epoll_.get(), cancelFd_);
    }
}

void GiveUpSignal::startClock(Clock::time_point latest) {
    const std::lock_guard lock(mutex_);
    running_ = true;
    latest_ = latest;
    setFromNow();
}

void GiveUpSignal::stopClock() {
    const std::lock_guard lock(mutex_);
    running_ = false;
    setTimer(timer_.get(), std::chrono::nanoseconds(0));
}

void GiveUpSignal::touch() {
    const std::lock_guard lock(mutex_);
    if (running_) {
        setFromNow();
    }
}

void GiveUpSignal::setFromNow() {
    std::chrono::nanoseconds wait = patience_;
    if (latest_ != Clock::time_point::max()) {
        wait = std::min<std::chrono::nanoseconds>(wait, latest_ - Clock::now());
    }
    // 0 would disarm the timer, 1 ns makes it expire at once.
    setTimer(timer_.get(), std::max(wait, std::chrono::nanoseconds(1)));
}

bool GiveUpSignal::cancelled() const {
    return isReadable(cancelFd_);
}

bool GiveUpSignal::expired() const {
    return isReadable(timer_.get());
}

} // namespace bootferry
