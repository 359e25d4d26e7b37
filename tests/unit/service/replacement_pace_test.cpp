// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replacement_pace.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds atOnce{0};

TEST(ReplacementPace, TheFirstOneIsReplacedAtOnce) {
    EXPECT_EQ(ReplacementPace().ended(atOnce, 0.5), milliseconds(0));
}

TEST(ReplacementPace, TheWaitGrowsWhileTheyEndAtOnceAndIsBounded) {
    ReplacementPace pace;
    auto before = pace.ended(atOnce, 0.5);
    for (int i = 0; i < 5; ++i) {
        const auto wait = pace.ended(seconds(5), 0.5);
        EXPECT_GT(wait, before);
        before = wait;
    }
    for (int i = 0; i < 100; ++i) {
        before = pace.ended(atOnce, 0.999);
    }
    EXPECT_GT(before, seconds(15));
    EXPECT_LE(before, seconds(30));
}

TEST(ReplacementPace, OneThatHasServedForLongIsReplacedAtOnce) {
    ReplacementPace pace;
    for (int i = 0; i < 5; ++i) {
        (void)pace.ended(atOnce, 0.5);
    }
    EXPECT_EQ(pace.ended(ReplacementPace::steady, 0.5), milliseconds(0));
    EXPECT_GT(pace.ended(atOnce, 0.5), milliseconds(0));
}

} // namespace
} // namespace bootferry
