// SPDX-License-Identifier: LGPL-2.1-or-later
#include "percent.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(Percent, OnlyWhatIsCompleteIsAHundred) {
    EXPECT_EQ(percentOf(0, 1000), 0U);
    EXPECT_EQ(percentOf(29, 100), 29U);
    EXPECT_EQ(percentOf(999, 1000), 99U);
    EXPECT_EQ(percentOf(UINT64_MAX - 2, UINT64_MAX - 1), 99U);
    EXPECT_EQ(percentOf(1000, 1000), 100U);
    EXPECT_EQ(percentOf(1001, 1000), 100U);
}

TEST(Percent, OfAnUnknownTotalThereIsNone) {
    EXPECT_EQ(percentOf(1, unknownSize), std::nullopt);
    EXPECT_EQ(percentOf(0, 0), std::nullopt);
}

} // namespace
} // namespace bootferry
