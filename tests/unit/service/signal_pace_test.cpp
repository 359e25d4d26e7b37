// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signal_pace.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;

TEST(SignalPace, NumbersComeAtMostTwiceInAnySecond) {
    SignalPace pace;
    const SignalPace::Time start = SignalPace::Time::clock::now();
    std::vector<SignalPace::Time> sent;
    for (auto now = start; now < start + std::chrono::seconds(10); now += milliseconds(7)) {
        if (pace.maySend(now, false)) {
            pace.sent(now);
            sent.push_back(now);
        }
    }
    EXPECT_GT(sent.size(), 18U);
    for (std::size_t i = 2; i < sent.size(); ++i) {
        EXPECT_GE(sent[i] - sent[i - 2], std::chrono::seconds(1));
    }
}

TEST(SignalPace, ANewStateIsSentAtOnceAndStartsTheWait) {
    SignalPace pace;
    const SignalPace::Time start = SignalPace::Time::clock::now();
    pace.sent(start);
    EXPECT_FALSE(pace.maySend(start + milliseconds(1), false));
    EXPECT_TRUE(pace.maySend(start + milliseconds(1), true));
    pace.sent(start + milliseconds(100));
    EXPECT_FALSE(pace.maySend(start + milliseconds(599), false));
    EXPECT_TRUE(pace.maySend(start + milliseconds(600), false));
    EXPECT_EQ(pace.due(), start + milliseconds(600));
}

} // namespace
} // namespace bootferry
