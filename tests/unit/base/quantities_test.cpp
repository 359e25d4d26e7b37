// SPDX-License-Identifier: LGPL-2.1-or-later
// The exact texts that people read.
#include "quantities.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;

TEST(Quantities, SizesHaveBinaryUnits) {
    EXPECT_EQ(formatSize(0), "0 B");
    EXPECT_EQ(formatSize(1023), "1023 B");
    EXPECT_EQ(formatSize(1024), "1.0 KiB");
    EXPECT_EQ(formatSize(1024 * 1024 - 1), "1.0 MiB");
    EXPECT_EQ(formatSize(3650722202), "3.4 GiB");
    EXPECT_EQ(formatSize(UINT64_MAX), "16.0 EiB");
}

TEST(Quantities, DurationsRoundUp) {
    EXPECT_EQ(formatDuration(0s), "0 s");
    EXPECT_EQ(formatDuration(1ms), "1 s");
    EXPECT_EQ(formatDuration(125s), "2 min 05 s");
    EXPECT_EQ(formatDuration(3725s), "1 h 02 min");
}

TEST(Quantities, WhatIsOverIsAsPreciseAsItIsShort) {
    using namespace std::chrono;
    const std::pair<microseconds, const char*> rows[] = {
        {1us, "1 ms"},      {1400us, "1 ms"},         {999ms, "999 ms"},    {999'600us, "1.0 s"},
        {1340ms, "1.3 s"},  {9949ms, "9.9 s"},        {9950ms, "10 s"},     {12'400ms, "12 s"},
        {12'600ms, "13 s"}, {59'700ms, "1 min 00 s"}, {125s, "2 min 05 s"}, {3725s, "1 h 02 min"}};
    for (const auto& [duration, text] : rows) {
        EXPECT_EQ(formatElapsed(duration), text);
    }
}

TEST(Quantities, ProgressOmitsUnknownParts) {
    EXPECT_EQ(formatProgress({.bytes = 512}), "512 B");
    EXPECT_EQ(
        formatProgress({.bytes = 50 << 20, .total = 100 << 20, .bytesPerSecond = 10 << 20, .remaining = 5s}),
        " 50 %  50.0 MiB of 100.0 MiB  10.0 MiB/s  5 s left");
    EXPECT_EQ(formatProgress({.bytes = 999, .total = 1000}), " 99 %  999 B of 1000 B");
}

TEST(Quantities, SizesThatWouldLookTheSameAreInBytes) {
    using Sizes = std::pair<std::string, std::string>;
    EXPECT_EQ(formatSizes(9'000'000, 8'999'936), (Sizes{"9000000 bytes", "8999936 bytes"}));
    EXPECT_EQ(formatSizes(1025, 1024), (Sizes{"1025 bytes", "1024 bytes"}));
    EXPECT_EQ(formatSizes(2048, 1024), (Sizes{"2.0 KiB", "1.0 KiB"}));
    EXPECT_EQ(formatSizes(1024, 1024), (Sizes{"1.0 KiB", "1.0 KiB"}));
}

} // namespace
} // namespace bootferry
