// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot_profile.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

constexpr auto piece = PieceMap::pieceSize;
constexpr std::uint64_t size = 1000 * piece + 5;

TEST(BootProfile, IsReadAsItWasWritten) {
    const auto text = writeProfile({{.offset = 5 * piece, .length = 512},
                                    {.offset = 2 * piece, .length = 3 * piece},
                                    {.offset = 6 * piece - 1, .length = 2},
                                    {.offset = 5 * piece, .length = 512},
                                    {.offset = size - 1, .length = 1}},
                                   size);
    EXPECT_EQ(text, "bootferry-profile 1\n65536005\n327680 65536\n131072 196608\n393216 65536\n65536000 5\n");
    const auto extents = readProfile(text, size);
    ASSERT_TRUE(extents);
    ASSERT_EQ(extents->size(), 4U);
    EXPECT_EQ((*extents)[1], (Extent{.offset = 2 * piece, .length = 3 * piece}));
}

TEST(BootProfile, ASequenceOfReadsIsOneExtent) {
    std::vector<Extent> reads;
    for (std::uint64_t at = 0; at < 100 * piece; at += 4096) {
        reads.push_back({.offset = at, .length = 4096});
    }
    EXPECT_EQ(readProfile(writeProfile(reads, size), size)->size(), 1U);
}

TEST(BootProfile, IsBounded) {
    constexpr std::uint64_t large = PieceMap::largestImage;
    std::vector<Extent> reads;
    for (std::uint64_t at = 0; at < mostProfileExtents + 10; ++at) {
        reads.push_back({.offset = large - (2 * at + 1) * piece, .length = 1});
    }
    const auto text = writeProfile(reads, large);
    EXPECT_LE(text.size(), longestProfile);
    EXPECT_EQ(readProfile(text, large)->size(), mostProfileExtents);
    EXPECT_FALSE(readProfile(text + "1 1\n", large));
}

TEST(BootProfile, WhatIsNoneIsNoHint) {
    const std::string good = "bootferry-profile 1\n65536005\n0 65536\n";
    EXPECT_TRUE(readProfile(good, size));
    EXPECT_FALSE(readProfile(good, size + 1)); // of another version of the image
    for (const char* text :
         {"", "\n", "<html>", "bootferry-profile 2\n65536005\n0 65536\n", "bootferry-profile 1\n",
          "bootferry-profile 1\n65536005\n0\n", "bootferry-profile 1\n65536005\n0 0\n",
          "bootferry-profile 1\n65536005\n65536005 1\n", "bootferry-profile 1\n65536005\n1 65536005\n",
          "bootferry-profile 1\n65536005\n-1 5\n", "bootferry-profile 1\n65536005\n1 2 3\n",
          "bootferry-profile 1\n65536005\n18446744073709551615 18446744073709551615\n",
          "bootferry-profile 1\n65536005\n\n"}) {
        EXPECT_FALSE(readProfile(text, size)) << text;
    }
    EXPECT_FALSE(readProfile(good + std::string(longestProfile, ' '), size));
}

} // namespace
} // namespace bootferry
