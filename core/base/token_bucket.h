// SPDX-License-Identifier: LGPL-2.1-or-later
// A rate limit that lets a burst through: up to `burst` events at once, and `perSecond` in the long run.
// Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace bootferry {

class TokenBucket {
public:
    using Time = std::chrono::steady_clock::time_point;

    constexpr TokenBucket(double burst, double perSecond) : burst_(burst), perSecond_(perSecond) {}

    // Counts one event at this time, if the limit allows it. Times must not decrease.
    [[nodiscard]] bool take(Time now) {
        const auto passed = std::chrono::duration<double>(now - refilled_).count();
        tokens_ = std::min(burst_, tokens_ + passed * perSecond_);
        refilled_ = now;
        if (tokens_ < 1) {
            return false;
        }
        --tokens_;
        return true;
    }

private:
    double burst_;
    double perSecond_;
    double tokens_ = burst_; // what is left of the burst
    Time refilled_;
};

} // namespace bootferry
