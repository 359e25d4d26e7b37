// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rate_limit.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

using std::chrono::milliseconds;

TEST(RateLimit, WaitsForWhatWasReadAtTheRate) {
    const RateLimit::Clock::time_point start{};
    RateLimit limit(1000, start);
    EXPECT_EQ(limit.wait(start), milliseconds(0));
    limit.count(250);
    EXPECT_EQ(limit.wait(start), milliseconds(250));
    EXPECT_EQ(limit.wait(start + milliseconds(100)), milliseconds(150));
    EXPECT_EQ(limit.wait(start + milliseconds(900)), milliseconds(0));
    limit.count(750);
    EXPECT_EQ(limit.wait(start + milliseconds(900)), milliseconds(100));
}

TEST(RateLimit, ReadsAQuarterOfASecondAtMost) {
    EXPECT_EQ(RateLimit(1000).most(4096), 250U);
    EXPECT_EQ(RateLimit(1000).most(100), 100U);
    EXPECT_EQ(RateLimit(1).most(4096), 1U);
}

TEST(RateLimit, IsNoneWithoutARate) {
    RateLimit limit(0);
    limit.count(1U << 30);
    EXPECT_EQ(limit.most(4096), 4096U);
    EXPECT_EQ(limit.wait(), milliseconds(0));
}

} // namespace
} // namespace bootferry::curl
