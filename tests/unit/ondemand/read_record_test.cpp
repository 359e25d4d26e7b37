// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "boot_profile.h"
#include "fill_memory.h"

namespace bootferry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto piece = PieceMap::pieceSize;
constexpr std::uint64_t imageSize = 1000 * piece + 5;
constexpr std::size_t words = ReadRecord::size / sizeof(std::uint64_t);

Extent pieces(std::uint64_t first, std::uint64_t count = 1) {
    return {.offset = first * piece, .length = count * piece};
}

class ReadRecordTest : public testing::Test {
protected:
    [[nodiscard]] std::vector<Extent> reads(std::uint64_t size = imageSize) const {
        return recordedReads(memory, size);
    }

    std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(words);
};

TEST_F(ReadRecordTest, KeepsTheOrderOfFirstUse) {
    ReadRecord record(memory, imageSize);
    EXPECT_THAT(reads(), IsEmpty());
    record.read({.offset = 5 * piece + 17, .length = 512});
    record.read(pieces(6));
    record.read(pieces(2, 3));
    record.read(pieces(2, 6)); // all but the last one were read before
    record.read({.offset = imageSize - 1, .length = 1});
    EXPECT_THAT(reads(), ElementsAre(pieces(5, 2), pieces(2, 3), pieces(7), Extent{1000 * piece, 5}));
}

TEST_F(ReadRecordTest, IgnoresWhatIsBeyondTheImage) {
    ReadRecord record(memory, imageSize);
    record.read({.offset = imageSize + 100, .length = 4096});
    record.read({.offset = 0, .length = 0});
    EXPECT_THAT(reads(), IsEmpty());
}

TEST_F(ReadRecordTest, IsContinuedByTheNextProcess) {
    ReadRecord(memory, imageSize).read(pieces(5));
    ReadRecord next(memory, imageSize);
    next.read(pieces(5, 2));
    next.read(pieces(1));
    EXPECT_THAT(reads(), ElementsAre(pieces(5, 2), pieces(1)));
}

TEST_F(ReadRecordTest, IsBounded) {
    constexpr std::uint64_t large = PieceMap::largestImage;
    ReadRecord record(memory, large);
    for (std::uint64_t each = 0; each < mostProfileExtents + 10; ++each) {
        record.read(pieces(2 * each));
    }
    EXPECT_EQ(reads(large).size(), mostProfileExtents);
    EXPECT_EQ(reads(large).back(), pieces(2 * mostProfileExtents - 2));
    EXPECT_LE(writeProfile(reads(large), large).size(), longestProfile);
}

TEST_F(ReadRecordTest, WhatIsNoRecordIsNone) {
    const std::vector<std::vector<std::uint64_t>> wrong{
        {},
        {words},                                  // more rows than there is room for
        {UINT64_MAX, 1},                          //
        {1, 0},                                   // a row of nothing
        {1, 1001ULL << 32U | 1},                  // beyond the image
        {1, 1000ULL << 32U | 2},                  //
        {1, UINT64_MAX},                          //
        {2, 0ULL << 32U | 1000, 0ULL << 32U | 2}, // more than all of the image
    };
    for (const auto& rows : wrong) {
        EXPECT_THAT(recordedReads(rows, imageSize), IsEmpty());
        std::fill(memory.begin(), memory.end(), 0);
        std::copy(rows.begin(), rows.end(), memory.begin());
        EXPECT_THAT(reads(), IsEmpty());
        ReadRecord record(memory, imageSize); // starts over
        record.read(pieces(3));
        EXPECT_THAT(reads(), ElementsAre(pieces(3)));
    }
    EXPECT_THAT(recordedReads(memory, 0), IsEmpty());
    EXPECT_THAT(recordedReads(memory, UINT64_MAX), IsEmpty());
}

TEST_F(ReadRecordTest, LiesInTheMemoryOfAFill) {
    const auto file = FillMemory::make(imageSize);
    EXPECT_THAT(FillMemory::readsIn(file, imageSize), IsEmpty());
    FillMemory fill(file);
    fill.begin({.size = imageSize, .validator = "v", .location = ""});
    ReadRecord(fill.reads(), imageSize).read(pieces(7));
    std::fill(fill.present().begin(), fill.present().end(), UINT64_MAX);
    std::fill(fill.head().begin(), fill.head().end(), std::byte{0xff});
    EXPECT_THAT(FillMemory::readsIn(file, imageSize), ElementsAre(pieces(7)));
}

} // namespace
} // namespace bootferry
