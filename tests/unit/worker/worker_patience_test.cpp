// SPDX-License-Identifier: LGPL-2.1-or-later
// No clock: the intervals are the test's.
#include "worker_patience.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using Sample = WorkerPatience::Sample;
using std::chrono::seconds;

constexpr int graceIntervals = WorkerPatience::grace / WorkerPatience::interval;

// The interval in which the limit is missed, from 1 on; 0: within a day it is not.
int missedIn(WorkerPatience patience, Sample sample) {
    for (int i = 1; i < 86'400; ++i) {
        sample.elapsed += WorkerPatience::interval;
        if (patience.missed(sample)) {
            return i;
        }
    }
    return 0;
}

TEST(WorkerPatience, LeavesTheLimitsToAWorkerThatIsThere) {
    EXPECT_EQ(missedIn({std::nullopt, seconds(300)}, {.wasHeard = true, .isAsleep = true}), 0);
    EXPECT_EQ(missedIn({std::nullopt, std::nullopt}, {.isAsleep = true}), 0);
    EXPECT_FALSE(WorkerPatience(std::nullopt, std::nullopt).isLimited());
    EXPECT_TRUE(WorkerPatience(seconds(1), std::nullopt).isLimited());
}

TEST(WorkerPatience, EndsAWorkerThatMissesALimit) {
    EXPECT_EQ(missedIn({seconds(4), std::nullopt}, {.isAsleep = true}), 4 + graceIntervals);
    EXPECT_EQ(missedIn({seconds(4), std::nullopt}, {.wasHeard = true}), 4 + graceIntervals) << "it lies";
    EXPECT_EQ(missedIn({std::nullopt, seconds(300)}, {.isAsleep = true}), 301 + graceIntervals);
    EXPECT_EQ(missedIn({seconds(400), seconds(300)}, {.isAsleep = true}), 301 + graceIntervals);
    EXPECT_EQ(WorkerPatience(seconds(4), seconds(9)).missed({.elapsed = seconds(100)}), std::nullopt)
        << "the worker may be about to end";
}

TEST(WorkerPatience, IsEndlessWhereTheWorkerIsNotToBlame) {
    EXPECT_EQ(missedIn({std::nullopt, seconds(300)}, {.isAsleep = false}), 0) << "it works";
    for (const Sample sample :
         {Sample{.waitsForUs = true, .isAsleep = true}, Sample{.isAsleep = true, .hasReceived = true}}) {
        EXPECT_EQ(missedIn({seconds(4), seconds(300)}, sample), 0);
    }
}

TEST(WorkerPatience, CountsFromTheLastSignOfLife) {
    WorkerPatience patience(std::nullopt, seconds(3));
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(patience.missed({.wasHeard = i % 9 == 0, .isAsleep = true}));
    }
}

} // namespace
} // namespace bootferry
