// SPDX-License-Identifier: LGPL-2.1-or-later
#include "patience.h"

#include <algorithm>

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include "quantities.h"

namespace bootferry {
namespace {

constexpr auto never = Patience::Clock::time_point::max();

} // namespace

Patience::Patience(const TimeLimits& limits, int cancelFd)
    : cancelFd_(cancelFd), readLimit_(limits.read), signal_(cancelFd, limits.silence),
      endOfTransfer_(limits.transfer ? Clock::now() + *limits.transfer : never), endOfRead_(endOfTransfer_) {}

void Patience::beginRead() {
    endOfRead_ = readLimit_ ? std::min(endOfTransfer_, Clock::now() + *readLimit_) : endOfTransfer_;
}

void Patience::endRead() {
    endOfRead_ = endOfTransfer_;
}

void Patience::prolongRead(Clock::duration time) {
    if (endOfRead_ != never) {
        endOfRead_ = std::min(endOfTransfer_, endOfRead_ + time);
    }
}

void Patience::sleepUntil(Clock::time_point time) const {
    const auto until = std::min(time, endOfTransfer_);
    for (auto now = Clock::now(); now < until; now = Clock::now()) {
        pollfd cancel{.fd = cancelFd_, .events = POLLIN, .revents = 0};
        const auto wait = std::chrono::ceil<Wait>(until - now);
        if (::poll(&cancel, 1, static_cast<int>(wait.count())) > 0) {
            throw Error(ErrorCode::Cancelled, "cancelled");
        }
    }
}

bool Patience::isReadOver() const {
    return readLimit_ && Clock::now() >= endOfRead_;
}

Patience::Wait Patience::withinRead(Wait wait) const {
    if (endOfRead_ == never) {
        return wait;
    }
    return std::clamp(std::chrono::ceil<Wait>(endOfRead_ - Clock::now()), Wait(0), wait);
}

Error Patience::causeOf(const Error& failure, const std::optional<Error>& before, std::uint64_t arrived) {
    auto reason = cause(failure, before, arrived);
    signal_.stopClock(); // which resets an expired clock
    return reason;
}

Error Patience::cause(const Error& failure, const std::optional<Error>& before, std::uint64_t arrived) const {
    if (signal_.cancelled()) {
        return Error(ErrorCode::Cancelled, "cancelled");
    }
    if (failure.code() != ErrorCode::Cancelled) {
        return failure;
    }
    if (Clock::now() >= endOfRead_) {
        return before.value_or(Error(ErrorCode::Timeout, arrived > 0 ? formatSize(arrived) + " had arrived"
                                                                     : std::string("no answer yet")));
    }
    return signal_.expired()
               ? Error(ErrorCode::Timeout,
                       fmt::format("nothing arrived for {}", formatDuration(signal_.patience())))
               : Error(ErrorCode::Internal, "the plugin reported a cancel that nobody requested");
}

} // namespace bootferry
