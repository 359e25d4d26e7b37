// SPDX-License-Identifier: LGPL-2.1-or-later
// Unused time is not saved up, since a burst would follow each lost connection. The exception is a tenth of a
// second, because the kernel may end a sleep late.
#include "rate_pace.h"

#include <algorithm>

namespace bootferry {
namespace {

constexpr std::uint64_t portionsPerSecond = 10;
constexpr std::chrono::milliseconds saved{1000 / portionsPerSecond};

} // namespace

std::size_t RatePace::portion(std::size_t wanted) const {
    if (!rate_) {
        return wanted;
    }
    const auto due = std::max<std::uint64_t>(1, *rate_ / portionsPerSecond);
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, due));
}

void RatePace::count(std::size_t bytes, Clock::time_point begun) {
    if (!rate_) {
        return;
    }
    const auto takes =
        std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(*rate_));
    next_ = std::max(next_, begun - saved) + std::chrono::ceil<Clock::duration>(takes);
}

} // namespace bootferry
