// SPDX-License-Identifier: LGPL-2.1-or-later
#include "limit_rate_option.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

using std::chrono::milliseconds;

TEST(LimitRateOption, WaitsForWhatWasReadAtTheRate) {
    const LimitRateOption::Clock::time_point start{};
    LimitRateOption limit(1000, start);
    EXPECT_EQ(limit.wait(start), milliseconds(0));
    limit.count(250);
    EXPECT_EQ(limit.wait(start), milliseconds(250));
    EXPECT_EQ(limit.wait(start + milliseconds(100)), milliseconds(150));
    EXPECT_EQ(limit.wait(start + milliseconds(900)), milliseconds(0));
    limit.count(750);
    EXPECT_EQ(limit.wait(start + milliseconds(900)), milliseconds(100));
}

TEST(LimitRateOption, ReadsAQuarterOfASecondAtMost) {
    EXPECT_EQ(LimitRateOption(1000).most(4096), 250U);
    EXPECT_EQ(LimitRateOption(1000).most(100), 100U);
    EXPECT_EQ(LimitRateOption(1).most(4096), 1U);
}

TEST(LimitRateOption, IsNoneWithoutARate) {
    LimitRateOption limit(0);
    limit.count(1U << 30);
    EXPECT_EQ(limit.most(4096), 4096U);
    EXPECT_EQ(limit.wait(), milliseconds(0));
}

} // namespace
} // namespace bootferry::curl
