// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media_check.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(EmbeddedChecksum, OfIsomd5sum) {
    const auto checksum = parseEmbeddedChecksum(
        "ISO MD5SUM = 2c0B3bd1f1f1b7d5a6a3a4a4d7f9b3aa;SKIPSECTORS = 15;RHLISOSTATUS=1;FRAGMENT SUMS = "
        "abc;FRAGMENT COUNT = 20;THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!   ");
    ASSERT_TRUE(checksum);
    EXPECT_EQ(checksum->style, EmbeddedChecksum::Style::Isomd5sum);
    EXPECT_EQ(checksum->algorithm, "md5");
    EXPECT_EQ(checksum->digest, "2c0b3bd1f1f1b7d5a6a3a4a4d7f9b3aa");
    EXPECT_EQ(checksum->skipSectors, 15U);
    EXPECT_EQ(checksum->padSectors, 0U);
}

TEST(EmbeddedChecksum, OfTagmedia) {
    const auto checksum =
        parseEmbeddedChecksum("sha256sum=AbCd;partition=16,64,ef01;pad=150;check=1;signature=80  ");
    ASSERT_TRUE(checksum);
    EXPECT_EQ(checksum->style, EmbeddedChecksum::Style::Tagmedia);
    EXPECT_EQ(checksum->algorithm, "sha256");
    EXPECT_EQ(checksum->digest, "abcd");
    EXPECT_EQ(checksum->padSectors, 150U);
    EXPECT_EQ(checksum->signature, 80U);
}

TEST(EmbeddedChecksum, IsNotThereInAnythingElse) {
    for (const char* field : {"", "      ", ";;;===;;", "no checksum at all", "sha256sum=", "pad=15"}) {
        EXPECT_FALSE(parseEmbeddedChecksum(field)) << field;
    }
}

TEST(EmbeddedChecksum, NumbersAreCapped) {
    const auto padOf = [](const std::string& value) {
        return parseEmbeddedChecksum("sha256sum=ab;pad=" + value).value().padSectors;
    };
    constexpr std::uint64_t most = std::uint64_t{1} << 40U;
    EXPECT_EQ(padOf("12x"), 12U);
    EXPECT_EQ(padOf("x"), 0U);
    EXPECT_EQ(padOf(""), 0U);
    EXPECT_EQ(padOf("1099511627777"), most);
    EXPECT_EQ(padOf("99999999999999999999999"), most);
}

TEST(DropWritePartition, RemovesOnlyWhatLiesBehindTheImage) {
    std::array<unsigned char, 512> sector{};
    sector.fill(0x11);
    const auto putEntry = [&](std::size_t number, std::uint32_t begin) {
        std::memcpy(sector.data() + 446 + number * 16 + 8, &begin, sizeof(begin));
    };
    putEntry(0, 0);
    putEntry(1, 99);
    putEntry(2, 100);
    putEntry(3, 0);
    auto expected = sector;
    std::fill(expected.begin() + 446 + 32, expected.begin() + 446 + 48, 0);
    EXPECT_TRUE(dropWritePartition(sector, 51200));
    EXPECT_EQ(sector, expected);
    EXPECT_FALSE(dropWritePartition(sector, 51200));
}

} // namespace
} // namespace bootferry
