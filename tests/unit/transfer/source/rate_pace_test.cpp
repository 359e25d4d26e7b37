// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rate_pace.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;
using Clock = RatePace::Clock;

// Reads as fast as the pace allows, with reads that take no time; returns the total time.
Clock::duration timeFor(std::uint64_t rate, std::size_t bytes, std::size_t wanted = 1 << 20) {
    RatePace pace(rate);
    const Clock::time_point start{1h};
    auto now = start;
    while (bytes > 0) {
        now = std::max(now, pace.next());
        const auto count = std::min(bytes, pace.portion(wanted));
        pace.count(count, now);
        bytes -= count;
    }
    return std::max(now, pace.next()) - start;
}

TEST(RatePace, TakesAsLongAsTheRateSays) {
    for (const std::uint64_t rate : {1ULL, 10ULL, 1000ULL, 500ULL << 10U, 10ULL << 20U, 1ULL << 30U}) {
        const auto bytes = static_cast<std::size_t>(5 * rate);
        EXPECT_GE(timeFor(rate, bytes), 5s - 100ms) << rate;
        EXPECT_LE(timeFor(rate, bytes), 5s + 1ms) << rate;
    }
}

TEST(RatePace, ReadsSmallPieces) {
    EXPECT_EQ(RatePace(1).portion(1000), 1U);
    EXPECT_EQ(RatePace(10'000).portion(100'000), 1000U);
    EXPECT_EQ(RatePace(10'000).portion(10), 10U);
    EXPECT_EQ(RatePace(std::nullopt).portion(100'000), 100'000U);
}

TEST(RatePace, DoesNotMakeUpForAPause) {
    RatePace pace(1000);
    const Clock::time_point start{1h};
    pace.count(100, start);
    pace.count(1000, start + 1min);
    EXPECT_GE(pace.next(), start + 1min + 900ms);
}

TEST(RatePace, HasNoLimitUnlessTold) {
    RatePace pace(std::nullopt);
    pace.count(1U << 30U, Clock::time_point{1h});
    EXPECT_EQ(pace.next(), Clock::time_point::min());
}

} // namespace
} // namespace bootferry
