// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signal_pace.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;

TEST(SignalPace, NumbersComeAtMostTwiceInAnySecond) {
    SignalPace pace;
    const SignalPace::Time start = SignalPace::Time::clock::now();
    std::vector<SignalPace::Time> told;
    for (auto now = start; now < start + std::chrono::seconds(10); now += milliseconds(7)) {
        if (pace.mayTell(now, false)) {
            pace.told(now);
            told.push_back(now);
        }
    }
    EXPECT_GT(told.size(), 18U);
    for (std::size_t i = 2; i < told.size(); ++i) {
        EXPECT_GE(told[i] - told[i - 2], std::chrono::seconds(1));
    }
}

TEST(SignalPace, ANewStateIsToldAtOnceAndStartsTheWait) {
    SignalPace pace;
    const SignalPace::Time start = SignalPace::Time::clock::now();
    pace.told(start);
    EXPECT_FALSE(pace.mayTell(start + milliseconds(1), false));
    EXPECT_TRUE(pace.mayTell(start + milliseconds(1), true));
    pace.told(start + milliseconds(100));
    EXPECT_FALSE(pace.mayTell(start + milliseconds(599), false));
    EXPECT_TRUE(pace.mayTell(start + milliseconds(600), false));
    EXPECT_EQ(pace.due(), start + milliseconds(600));
}

} // namespace
} // namespace bootferry
