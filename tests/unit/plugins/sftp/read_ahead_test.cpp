// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_ahead.h"

#include <gtest/gtest.h>

namespace bootferry::sftp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t KiB = 1024;
constexpr std::uint64_t MB = 1'000'000;

TEST(ReadAheadTest, ALongLineIsFullFromTheBeginning) {
    EXPECT_EQ(ReadAhead(50ms, 0, 1500 * MB).bufferAfter(0), 2048 * KiB);
    EXPECT_EQ(ReadAhead(50ms, 0, 200 * MB).bufferAfter(0), 1952 * KiB);
    EXPECT_EQ(ReadAhead(50ms, 0, 200 * MB).bufferAfter(100 * MB), 2048 * KiB);
}

TEST(ReadAheadTest, AShortLineNeedsLess) {
    EXPECT_EQ(ReadAhead(0us, 0, 1500 * MB).bufferAfter(0), 256 * KiB);
    EXPECT_EQ(ReadAhead(100us, 0, 1500 * MB).bufferAfter(1000 * MB), 256 * KiB);
    EXPECT_EQ(ReadAhead(5ms, 0, 1500 * MB).bufferAfter(1000 * MB), 608 * KiB);
}

TEST(ReadAheadTest, WhatIsFetchedTwiceIsATenthAtMostWhereAConnectionBroke) {
    const ReadAhead resumed(50ms, 1, 1500 * MB);
    EXPECT_EQ(resumed.bufferAfter(0), 32 * KiB);
    std::size_t before = 0;
    for (std::uint64_t received = 2 * MB; received < 200 * MB; received += 12'345) {
        const auto buffer = resumed.bufferAfter(received);
        EXPECT_LE(4 * buffer, received / 10) << received;
        EXPECT_GE(buffer, before) << received;
        before = buffer;
    }
    EXPECT_EQ(before, 2048 * KiB);
}

TEST(ReadAheadTest, ABreakOfTheFirstConnectionCostsLittleOfTheFile) {
    for (const auto size : {5 * MB, 80 * MB, 199 * MB}) {
        const auto inFlight = 4 * ReadAhead(50ms, 0, size).bufferAfter(0);
        EXPECT_LE(inFlight, std::max<std::uint64_t>(size / 25, 128 * KiB)) << size;
    }
}

TEST(ReadAheadTest, AFileOfUnknownSizeBeginsSmall) {
    EXPECT_EQ(ReadAhead(50ms, 0, std::nullopt).bufferAfter(0), 32 * KiB);
}

TEST(ReadAheadTest, NoRoundTripIsTooLong) {
    EXPECT_EQ(ReadAhead(std::chrono::microseconds::max(), 0, 1500 * MB).bufferAfter(0), 2048 * KiB);
}

} // namespace
} // namespace bootferry::sftp
