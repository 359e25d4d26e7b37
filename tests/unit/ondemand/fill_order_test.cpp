// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_order.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto piece = PieceMap::pieceSize;
constexpr std::uint64_t imagePieces = 1000;

Extent pieces(std::uint64_t first, std::uint64_t count = 1) {
    return {.offset = first * piece, .length = count * piece};
}

FillTask task(FillReason reason, std::uint64_t first, std::uint64_t count) {
    return {.run = {.first = first, .count = count}, .reason = reason};
}

// A line of 100 Mbit/s: a run takes 3 MB, which are 47 pieces.
constexpr LineMeasure line{.bytesPerSecond = 12'500'000, .opening = milliseconds(20)};
constexpr std::uint64_t runOfLine = 47;

class FillOrderTest : public testing::Test {
protected:
    std::optional<FillTask> next() {
        moment.waiting = waiting;
        auto decided = order.next(map, moment);
        if (decided) {
            map.begin(decided->run);
        }
        return decided;
    }
    void arrive(std::uint64_t first, std::uint64_t count = 1) {
        for (auto each = first; each < first + count; ++each) {
            map.arrived(each);
        }
    }
    void read(const Extent& bytes) {
        order.read(bytes, moment.line);
        if (!map.arePresent(map.piecesOf(bytes))) {
            waiting.push_back(bytes);
        }
    }

    std::vector<std::uint64_t> words = std::vector<std::uint64_t>(PieceMap::wordsFor(imagePieces * piece));
    PieceMap map{imagePieces * piece, words};
    FillOrder order{4};
    std::vector<Extent> waiting;
    FillMoment moment{.waiting = {}, .line = line};
};

TEST_F(FillOrderTest, TheRestIsFetchedInSequenceInLargeRuns) {
    EXPECT_EQ(next(), task(FillReason::Rest, 0, runOfLine));
    EXPECT_EQ(next(), task(FillReason::Rest, runOfLine, runOfLine));
}

TEST_F(FillOrderTest, AReadComesFirst) {
    read(pieces(500));
    EXPECT_EQ(next(), task(FillReason::Read, 500, 1));
}

TEST_F(FillOrderTest, OnlyWhatIsMissingOfARead) {
    arrive(500, 2);
    read({.offset = 500 * piece, .length = 5 * piece});
    EXPECT_EQ(next(), task(FillReason::Read, 502, 3));
}

TEST_F(FillOrderTest, TheOldestReadFirst) {
    read(pieces(500));
    read(pieces(100));
    EXPECT_EQ(next()->run.first, 500U);
    EXPECT_EQ(next()->run.first, 100U);
    moment.busy = moment.busyWithReads = 2;
    EXPECT_EQ(next(), std::nullopt); // they are in flight, and the fill backs off
}

TEST_F(FillOrderTest, ReadsThatAdjoinAreOneRequest) {
    read(pieces(502));
    read(pieces(503));
    read(pieces(504, 2));
    EXPECT_EQ(next(), task(FillReason::Read, 502, 4));
}

TEST_F(FillOrderTest, AReadOverTheEndOfAPieceIsTwo) {
    read({.offset = 501 * piece - 1, .length = 2});
    EXPECT_EQ(next(), task(FillReason::Read, 500, 2));
}

TEST_F(FillOrderTest, ALargeReadIsSharedBySessions) {
    read(pieces(100, 100));
    EXPECT_EQ(next(), task(FillReason::Read, 100, runOfLine));
    EXPECT_EQ(next(), task(FillReason::Read, 100 + runOfLine, runOfLine));
}

TEST_F(FillOrderTest, ReadAheadDoublesWithASequentialReader) {
    std::vector<std::uint64_t> lengths;
    std::uint64_t at = 100;
    while (lengths.size() < 8) {
        waiting.clear();
        read(pieces(at));
        const auto decided = next();
        if (decided && decided->reason != FillReason::Rest) {
            lengths.push_back(decided->run.count);
            arrive(decided->run.first, decided->run.count);
        }
        ++at;
        moment.busy = 3; // no session for the rest
    }
    EXPECT_EQ(lengths.front(), 1U); // nobody knows yet that more will be read
    EXPECT_TRUE(std::is_sorted(lengths.begin(), lengths.end()));
    EXPECT_GE(lengths.back(), 8U);
}

TEST_F(FillOrderTest, ReadAheadIsNoLongerThanARun) {
    for (std::uint64_t at = 100; at < 300; ++at) {
        read(pieces(at));
        arrive(at);
    }
    waiting.clear();
    EXPECT_EQ(next(), task(FillReason::ReadAhead, 300, runOfLine + 1)); // its window ends within a piece
}

TEST_F(FillOrderTest, ReadAheadStartsAgainWhenHalfOfItIsUsed) {
    for (std::uint64_t at = 100; at < 110; ++at) {
        read(pieces(at));
        arrive(at);
    }
    waiting.clear();
    const auto window = next();
    ASSERT_TRUE(window);
    ASSERT_EQ(window->reason, FillReason::ReadAhead);
    arrive(window->run.first, window->run.count);
    moment.busy = 3;
    EXPECT_EQ(next(), std::nullopt);
    for (auto at = window->run.first; at < window->run.end() - 1; ++at) {
        read(pieces(at));
    }
    EXPECT_EQ(next()->reason, FillReason::ReadAhead);
}

TEST_F(FillOrderTest, RandomReadsGetNoReadAhead) {
    for (const std::uint64_t at : {700U, 20U, 400U, 90U, 650U, 33U, 512U}) {
        waiting.clear();
        read({.offset = at * piece, .length = 4096});
        EXPECT_EQ(next(), task(FillReason::Read, at, 1));
    }
    waiting.clear();
    moment.sinceRead = seconds(0);
    moment.sinceRest = seconds(0);
    EXPECT_EQ(next(), std::nullopt);
}

TEST_F(FillOrderTest, TwoReadersAtATimeHaveAWindowEach) {
    for (std::uint64_t at = 0; at < 8; ++at) {
        for (const std::uint64_t begin : {100U, 600U}) {
            read(pieces(begin + at));
            arrive(begin + at);
        }
    }
    waiting.clear();
    EXPECT_EQ(next()->run.first, 108U);
    EXPECT_EQ(next()->run.first, 608U);
}

TEST_F(FillOrderTest, AReadOfTheSameBytesIsNoStream) {
    for (int times = 0; times < 10; ++times) {
        read(pieces(300));
    }
    EXPECT_EQ(next(), task(FillReason::Read, 300, 1));
    moment.busy = 3;
    EXPECT_EQ(next(), std::nullopt);
}

TEST_F(FillOrderTest, TheFillBacksOffWhileReadsWait) {
    read(pieces(500));
    (void)next();
    moment.busy = moment.busyWithReads = 1;
    moment.sinceRead = seconds(1); // a slow server
    moment.sinceRest = seconds(1);
    EXPECT_EQ(next(), std::nullopt);
    waiting.clear(); // answered, but the next one comes soon
    moment.sinceRead = milliseconds(100);
    EXPECT_EQ(next(), std::nullopt);
    moment.sinceRead = FillOrder::quietTime;
    EXPECT_EQ(next()->reason, FillReason::Rest);
}

TEST_F(FillOrderTest, TheFillGoesOnWhereNobodyCanFetchForReads) {
    moment.kind = SessionKind::Fill; // the other session was refused
    read(pieces(500));
    moment.sinceRead = milliseconds(100);
    EXPECT_EQ(next(), std::nullopt);
    moment.sinceRead = FillOrder::quietTime;
    EXPECT_EQ(next()->reason, FillReason::Rest);
}

TEST_F(FillOrderTest, TheFillIsNotStarved) {
    read(pieces(500));
    (void)next();
    moment.busy = moment.busyWithReads = 1;
    moment.sinceRead = seconds(0);
    moment.sinceRest = FillOrder::longestHold;
    EXPECT_EQ(next()->reason, FillReason::Rest);
}

TEST_F(FillOrderTest, ASessionIsKeptFreeForReads) {
    moment.busy = 3;
    EXPECT_EQ(next(), std::nullopt);
    read(pieces(500));
    EXPECT_EQ(next()->reason, FillReason::Read);
}

TEST_F(FillOrderTest, TheOnlySessionFetchesEverything) {
    order = FillOrder(1);
    EXPECT_EQ(next()->reason, FillReason::Rest);
    read(pieces(500));
    EXPECT_EQ(next()->reason, FillReason::Read);
}

TEST_F(FillOrderTest, ASessionOfAKindDoesNothingElse) {
    order = FillOrder(2);
    moment.kind = SessionKind::Reads;
    EXPECT_EQ(next(), std::nullopt);
    read(pieces(500));
    moment.kind = SessionKind::Fill;
    moment.sinceRead = seconds(0);
    EXPECT_EQ(next(), std::nullopt); // a read waits, of which it gets nothing
    moment.sinceRest = FillOrder::longestHold;
    EXPECT_EQ(next()->reason, FillReason::Rest);
    moment.kind = SessionKind::Reads;
    EXPECT_EQ(next()->reason, FillReason::Read);
}

TEST_F(FillOrderTest, TwoSessionsFetchTheRest) {
    order = FillOrder(8);
    moment.busy = moment.busyWithRest = 1;
    EXPECT_EQ(next()->reason, FillReason::Rest);
    moment.busy = moment.busyWithRest = 2;
    EXPECT_EQ(next(), std::nullopt);
}

TEST_F(FillOrderTest, TheProfileComesBeforeTheRestInItsOwnOrder) {
    order.setProfile(
        {pieces(800, 3), pieces(10, 200), {.offset = 5, .length = 0}, pieces(5000, 3), pieces(1)});
    EXPECT_EQ(next(), task(FillReason::Profile, 800, 3));
    EXPECT_EQ(next(), task(FillReason::Profile, 10, runOfLine));
    EXPECT_EQ(next(), task(FillReason::Profile, 10 + runOfLine, runOfLine));
    arrive(10, 200);
    EXPECT_EQ(next(), task(FillReason::Profile, 1, 1));
    EXPECT_EQ(next()->reason, FillReason::Rest);
}

TEST_F(FillOrderTest, TheProfileHasHalfOfTheSessionsWhileReadsWait) {
    order.setProfile({pieces(800, 190)});
    read(pieces(500));
    EXPECT_EQ(next()->reason, FillReason::Read);
    moment.busy = moment.busyWithReads = 1;
    EXPECT_EQ(next()->reason, FillReason::Profile);
    moment.busy = moment.busyWithProfile = 2;
    moment.sinceRest = seconds(0);
    EXPECT_EQ(next(), std::nullopt);
    waiting.clear();
    EXPECT_EQ(next()->reason, FillReason::Profile);
}

TEST_F(FillOrderTest, NothingIsReadAheadWhileAProfileSaysWhatComesNext) {
    order.setProfile({pieces(800, 3)});
    read(pieces(100, 4));
    waiting.clear();
    read(pieces(104, 4)); // a sequence
    EXPECT_EQ(next(), task(FillReason::Read, 104, 4));
    waiting.clear();
    EXPECT_EQ(next(), task(FillReason::Profile, 800, 3));
    EXPECT_EQ(next()->reason, FillReason::Rest); // and the profile is done
    EXPECT_EQ(next(), task(FillReason::ReadAhead, 108, 1));
}

TEST_F(FillOrderTest, AProfileIsBounded) {
    std::vector<Extent> extents(FillOrder::mostExtents, pieces(3));
    extents.push_back(pieces(900));
    order.setProfile(extents);
    EXPECT_EQ(next(), task(FillReason::Profile, 3, 1));
    EXPECT_EQ(next()->reason, FillReason::Rest);
}

TEST_F(FillOrderTest, TheRestIsSearchedFromItsBeginningAgain) {
    arrive(100, 900);
    EXPECT_EQ(next()->run.first, 0U);
    EXPECT_EQ(next(), task(FillReason::Rest, 47, 47));
    EXPECT_EQ(next(), task(FillReason::Rest, 94, 6));
    map.abandon({.first = 0, .count = 47}); // the session has failed
    EXPECT_EQ(next(), task(FillReason::Rest, 0, 47));
    arrive(0, 100);
    EXPECT_EQ(next(), std::nullopt);
    EXPECT_TRUE(map.isFull());
}

TEST_F(FillOrderTest, NoRunCoversWhatIsThereOrInFlight) {
    arrive(10);
    EXPECT_EQ(next(), task(FillReason::Rest, 0, 10));
    EXPECT_EQ(next()->run.first, 11U);
}

TEST_F(FillOrderTest, AnOffsetThatNoImageHasIsNoRead) {
    moment.busyWithReads = 1;
    waiting.push_back({.offset = UINT64_MAX - 5, .length = 5});
    order.read(waiting.front(), line);
    EXPECT_EQ(next(), std::nullopt);
}

TEST(FillRunLength, SuitsTheLine) {
    const struct {
        LineMeasure line;
        std::uint64_t length;
    } table[] = {
        {.line = {}, .length = FillOrder::shortestRun},
        {.line = {.bytesPerSecond = 100'000, .opening = {}}, .length = FillOrder::shortestRun},
        {.line = {.bytesPerSecond = 4'000'000, .opening = milliseconds(1)}, .length = 1'000'000},
        {.line = {.bytesPerSecond = 4'000'000, .opening = milliseconds(200)}, .length = 3'200'000},
        {.line = {.bytesPerSecond = 4'000'000, .opening = seconds(100)}, .length = 8'000'000},
        {.line = {.bytesPerSecond = 1'000'000'000, .opening = {}}, .length = FillOrder::longestRun},
        {.line = {.bytesPerSecond = UINT64_MAX, .opening = microseconds::max()},
         .length = FillOrder::longestRun},
    };
    for (const auto& row : table) {
        EXPECT_EQ(FillOrder::runLength(row.line), row.length);
    }
}

} // namespace
} // namespace bootferry
