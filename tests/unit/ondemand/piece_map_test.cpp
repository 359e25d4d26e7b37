// SPDX-License-Identifier: LGPL-2.1-or-later
#include "piece_map.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr auto piece = PieceMap::pieceSize;

struct Mapped {
    explicit Mapped(std::uint64_t size, std::uint64_t word = 0)
        : words(PieceMap::wordsFor(size), word), map(size, words) {}
    std::vector<std::uint64_t> words;
    PieceMap map;
};

TEST(PieceMap, BeginsWithEverythingMissing) {
    Mapped mapped(10 * piece);
    EXPECT_EQ(mapped.map.pieces(), 10U);
    EXPECT_EQ(mapped.map.presentBytes(), 0U);
    EXPECT_EQ(mapped.map.firstMissing(0, 10), 0U);
    EXPECT_EQ(mapped.map.missingFrom(3, 100), 7U);
    EXPECT_FALSE(mapped.map.isFull());
}

TEST(PieceMap, TheLastPieceIsShort) {
    Mapped mapped(2 * piece + 1);
    EXPECT_EQ(mapped.map.pieces(), 3U);
    EXPECT_EQ(mapped.map.bytesOf({.first = 1, .count = 2}), (Extent{.offset = piece, .length = piece + 1}));
    mapped.map.begin({.first = 2, .count = 1});
    mapped.map.arrived(2);
    EXPECT_EQ(mapped.map.presentBytes(), 1U);
    mapped.map.begin({.first = 0, .count = 2});
    mapped.map.arrived(0);
    mapped.map.arrived(1);
    EXPECT_TRUE(mapped.map.isFull());
    EXPECT_EQ(mapped.map.presentBytes(), 2 * piece + 1);
}

TEST(PieceMap, AnImageThatEndsWithAPieceHasNoShortOne) {
    Mapped mapped(64 * piece);
    EXPECT_EQ(mapped.words.size(), 1U);
    for (std::uint64_t each = 0; each < 64; ++each) {
        mapped.map.arrived(each);
    }
    EXPECT_TRUE(mapped.map.isFull());
    EXPECT_EQ(mapped.map.firstMissing(0, 64), std::nullopt);
}

TEST(PieceMap, BytesLieInPieces) {
    const Mapped mapped(10 * piece);
    const auto& map = mapped.map;
    EXPECT_EQ(map.piecesOf({.offset = 0, .length = 1}), (PieceRun{.first = 0, .count = 1}));
    EXPECT_EQ(map.piecesOf({.offset = piece - 1, .length = 2}), (PieceRun{.first = 0, .count = 2}));
    EXPECT_EQ(map.piecesOf({.offset = piece, .length = piece}), (PieceRun{.first = 1, .count = 1}));
    EXPECT_EQ(map.piecesOf({.offset = 9 * piece, .length = UINT64_MAX}), (PieceRun{.first = 9, .count = 1}));
    EXPECT_EQ(map.piecesOf({.offset = 10 * piece, .length = 5}).count, 0U);
    EXPECT_EQ(map.piecesOf({.offset = UINT64_MAX, .length = UINT64_MAX}).count, 0U);
    EXPECT_EQ(map.piecesOf({.offset = 5, .length = 0}).count, 0U);
}

TEST(PieceMap, WhatIsInFlightIsNeitherMissingNorPresent) {
    Mapped mapped(100 * piece);
    auto& map = mapped.map;
    map.begin({.first = 10, .count = 80});
    EXPECT_TRUE(map.isInFlight(10));
    EXPECT_FALSE(map.isMissing(10));
    EXPECT_FALSE(map.isPresent(10));
    EXPECT_EQ(map.firstMissing(10, 100), 90U);
    EXPECT_EQ(map.firstMissing(10, 90), std::nullopt);
    EXPECT_EQ(map.missingFrom(0, 100), 10U);
    EXPECT_EQ(mapped.words[0], 0U); // the next process must fetch it again
    map.arrived(11);
    EXPECT_FALSE(map.arePresent({.first = 10, .count = 2}));
    EXPECT_TRUE(map.arePresent({.first = 11, .count = 1}));
}

TEST(PieceMap, WhatIsAbandonedIsMissingButNotWhatArrived) {
    Mapped mapped(100 * piece);
    auto& map = mapped.map;
    map.begin({.first = 0, .count = 4});
    map.arrived(0);
    map.arrived(1);
    map.abandon({.first = 0, .count = 4});
    EXPECT_TRUE(map.arePresent({.first = 0, .count = 2}));
    EXPECT_EQ(map.firstMissing(0, 100), 2U);
    EXPECT_EQ(map.presentBytes(), 2 * piece);
}

TEST(PieceMap, APieceThatArrivesTwiceCountsOnce) {
    Mapped mapped(3 * piece);
    mapped.map.arrived(1);
    mapped.map.arrived(1);
    EXPECT_EQ(mapped.map.presentBytes(), piece);
    mapped.map.begin({.first = 0, .count = 3}); // what is there is not fetched
    EXPECT_FALSE(mapped.map.isInFlight(1));
}

TEST(PieceMap, ContinuesWhatAnotherProcessMarked) {
    Mapped mapped(70 * piece + 5);
    mapped.map.arrived(3);
    mapped.map.arrived(70);
    PieceMap next(70 * piece + 5, mapped.words);
    EXPECT_EQ(next.presentBytes(), piece + 5);
    EXPECT_TRUE(next.isPresent(3));
}

TEST(PieceMap, AnyMemoryIsAMap) {
    Mapped mapped(70 * piece + 5, UINT64_MAX);
    EXPECT_TRUE(mapped.map.isFull());
    EXPECT_EQ(mapped.map.presentBytes(), 70 * piece + 5);
    EXPECT_EQ(mapped.map.firstMissing(0, UINT64_MAX), std::nullopt);
}

TEST(PieceMap, WhatMayBeLostIsMissingAgain) {
    Mapped mapped(70 * piece + 5, UINT64_MAX);
    mapped.map.forgetAllBut(std::vector<std::uint64_t>{0b101, 1U << 6U});
    EXPECT_EQ(mapped.map.presentBytes(), 2 * piece + 5);
    EXPECT_EQ(mapped.map.firstMissing(0, UINT64_MAX), 1U);
    EXPECT_TRUE(mapped.map.isPresent(70));
    mapped.map.forgetAllBut({});
    EXPECT_EQ(mapped.map.presentBytes(), 0U);
}

TEST(PieceMap, ASizeThatIsNoneIsRefused) {
    std::vector<std::uint64_t> words(8);
    EXPECT_THROW(PieceMap(0, words), Error);
    EXPECT_THROW(PieceMap(PieceMap::largestImage + 1, words), Error);
    EXPECT_THROW(PieceMap(UINT64_MAX, words), Error);
    EXPECT_THROW(PieceMap(8 * 64 * piece + 1, words), Error); // the memory is too small
}

TEST(PieceMap, TheLargestImageNeedsFourMiB) {
    EXPECT_EQ(PieceMap::wordsFor(PieceMap::largestImage) * sizeof(std::uint64_t), std::size_t{4} << 20U);
}

} // namespace
} // namespace bootferry
