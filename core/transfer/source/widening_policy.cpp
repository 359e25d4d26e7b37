// SPDX-License-Identifier: LGPL-2.1-or-later
// The number of connections goes from one to half of the limit, and then to the limit.
#include "widening_policy.h"

#include <algorithm>

namespace bootferry {

WideningPolicy::WideningPolicy(const WideningLimits& limits, Duration opening)
    : limits_(limits), fixed_(limits.connections < 2 || opening < limits.farAway) {}

void WideningPolicy::add(Duration waited, std::size_t bytes, std::uint64_t left) {
    if (fixed_) {
        return;
    }
    waited_ += waited;
    if (waited_ < limits_.warmUp) {
        return;
    }
    measured_ += waited;
    bytes_ += bytes;
    if (measured_ >= limits_.measuring) {
        judge(static_cast<double>(bytes_) / std::chrono::duration<double>(measured_).count(), left);
        waited_ = measured_ = {};
        bytes_ = 0;
    }
}

void WideningPolicy::judge(double rate, std::uint64_t left) {
    if (connections_ == 1 && !worthTrying(rate, left)) {
        fixAt(1);
    } else if (connections_ > 1 && rate < rate_ * limits_.growth) {
        fixAt(before_);
        return;
    } else if (connections_ == limits_.connections) {
        fixAt(connections_);
    } else {
        before_ = connections_;
        connections_ = connections_ == 1 ? std::max(2U, (limits_.connections + 1) / 2) : limits_.connections;
    }
    rate_ = rate;
}

bool WideningPolicy::worthTrying(double rate, std::uint64_t left) const {
    return rate < limits_.fast && left >= limits_.leastRest;
}

void WideningPolicy::fixAt(unsigned connections) {
    connections_ = connections;
    fixed_ = true;
}

} // namespace bootferry
