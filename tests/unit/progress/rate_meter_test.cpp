// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rate_meter.h"

#include <gtest/gtest.h>

#include "quantities.h"

namespace bootferry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RateMeter::Time start{seconds(1000)};

TEST(RateMeter, IsUnknownAtFirst) {
    RateMeter meter;
    EXPECT_EQ(meter.rate(), 0U);
    meter.add(start, 0);
    meter.add(start + milliseconds(100), 100);
    EXPECT_EQ(meter.rate(), 0U);
    EXPECT_FALSE(meter.remaining(1000));
}

TEST(RateMeter, IsTheMeanOfTheLastSeconds) {
    RateMeter meter;
    for (unsigned tenth = 0; tenth <= 100; ++tenth) {
        meter.add(start + milliseconds(100) * tenth, tenth * 1000ULL);
    }
    EXPECT_EQ(meter.rate(), 10000U);
    for (unsigned tenth = 101; tenth <= 200; ++tenth) { // twice as fast from now on
        meter.add(start + milliseconds(100) * tenth, 100000ULL + (tenth - 100) * 2000ULL);
    }
    EXPECT_NEAR(static_cast<double>(meter.rate()), 20000.0, 200.0);
    EXPECT_EQ(meter.remaining(400000)->count() / 1000000, 5);
}

TEST(RateMeter, ForgetsOldSamplesAfterAStandstill) {
    RateMeter meter;
    meter.add(start, 0);
    meter.add(start + seconds(1), 1000000);
    for (int second = 2; second < 20; ++second) {
        meter.add(start + seconds(second), 1000000);
    }
    EXPECT_EQ(meter.rate(), 0U);
    EXPECT_FALSE(meter.remaining(2000000));
}

TEST(RateMeter, RestartsWhenTheTransferStartsOver) {
    RateMeter meter;
    meter.add(start, 0);
    meter.add(start + seconds(1), 5000);
    meter.add(start + seconds(2), 10);
    EXPECT_EQ(meter.rate(), 0U);
    meter.add(start + seconds(3), 110);
    EXPECT_EQ(meter.rate(), 100U);
}

TEST(RateMeter, RemainingTimeIsUnknownWithoutATotal) {
    RateMeter meter;
    meter.add(start, 0);
    meter.add(start + seconds(1), 5000);
    EXPECT_FALSE(meter.remaining(unknownSize));
    EXPECT_TRUE(meter.remaining(10000));
}

} // namespace
} // namespace bootferry
