// SPDX-License-Identifier: LGPL-2.1-or-later
#include "differ_only_in_numbers.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(DifferOnlyInNumbers, IsTrueWhileTheSecondsOfAWaitAreCounted) {
    EXPECT_TRUE(
        differOnlyInNumbers("retrying in 10 s: connection refused", "retrying in 9 s: connection refused"));
    EXPECT_TRUE(differOnlyInNumbers("", ""));
}

TEST(DifferOnlyInNumbers, IsFalseForOtherWords) {
    EXPECT_FALSE(
        differOnlyInNumbers("retrying in 4 s: connection refused", "retrying in 4 s: connection reset"));
    EXPECT_FALSE(differOnlyInNumbers("retrying in 4 s", "retrying in 4 s: connection reset"));
    EXPECT_FALSE(differOnlyInNumbers("", "waiting"));
}

} // namespace
} // namespace bootferry
