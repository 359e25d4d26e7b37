// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_ahead.h"

#include <gtest/gtest.h>

namespace bootferry::sftp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t KiB = 1024;
constexpr std::uint64_t MB = 1'000'000;

TEST(ReadAheadTest, ALongLineIsFullFromTheBeginning) {
    EXPECT_EQ(ReadAhead(50ms, 0, 1500 * MB).after(0), 8192 * KiB);
    EXPECT_EQ(ReadAhead(50ms, 0, 200 * MB).after(0), 8 * MB);
    EXPECT_EQ(ReadAhead(50ms, 0, 200 * MB).after(100 * MB), 8192 * KiB);
}

TEST(ReadAheadTest, AShortLineNeedsLess) {
    EXPECT_EQ(ReadAhead(0us, 0, 1500 * MB).after(0), 1024 * KiB);
    EXPECT_EQ(ReadAhead(0us, 0, 1500 * MB).after(1000 * MB), 1024 * KiB);
    EXPECT_LT(ReadAhead(5ms, 0, 1500 * MB).after(1000 * MB), 3 * MB);
}

TEST(ReadAheadTest, WhatIsFetchedTwiceIsATenthAtMostWhereAConnectionBroke) {
    const ReadAhead resumed(50ms, 1, 1500 * MB);
    EXPECT_EQ(resumed.after(0), 128 * KiB);
    std::size_t before = 0;
    for (std::uint64_t received = 2 * MB; received < 200 * MB; received += 12'345) {
        const auto ahead = resumed.after(received);
        EXPECT_LE(ahead, received / 10) << received;
        EXPECT_GE(ahead, before) << received;
        before = ahead;
    }
    EXPECT_EQ(before, 8192 * KiB);
}

TEST(ReadAheadTest, ABreakOfTheFirstConnectionCostsLittleOfTheFile) {
    for (const auto size : {5 * MB, 80 * MB, 199 * MB}) {
        EXPECT_LE(ReadAhead(50ms, 0, size).after(0), std::max<std::uint64_t>(size / 25, 128 * KiB)) << size;
    }
}

TEST(ReadAheadTest, AFileOfUnknownSizeBeginsSmall) {
    EXPECT_EQ(ReadAhead(50ms, 0, std::nullopt).after(0), 128 * KiB);
}

TEST(ReadAheadTest, NoRoundTripIsTooLong) {
    EXPECT_EQ(ReadAhead(std::chrono::microseconds::max(), 0, 1500 * MB).after(0), 8192 * KiB);
}

} // namespace
} // namespace bootferry::sftp
