// SPDX-License-Identifier: LGPL-2.1-or-later
#include "terminal_line.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

Progress transferring(std::uint64_t bytes, std::uint64_t total) {
    return {.state = TransferState::Transferring, .detail = {}, .bytes = bytes, .total = total};
}

TEST(TerminalLine, HasABarOfTheRoomThatIsLeft) {
    EXPECT_EQ(terminalLine(transferring(5, 10), "text", 18), "[#####.....] text");
    EXPECT_EQ(terminalLine(transferring(0, 10), "text", 18), "[..........] text");
    EXPECT_EQ(terminalLine(transferring(10, 10), "text", 19), "[###########] text");
}

TEST(TerminalLine, HasNoLongerBarThanIsOfUse) {
    EXPECT_EQ(terminalLine(transferring(1, 1), "text", 500).size(), 47U);
}

TEST(TerminalLine, HasNoBarWithoutRoomForIt) {
    EXPECT_EQ(terminalLine(transferring(5, 10), "text", 17), "text");
}

TEST(TerminalLine, HasNoBarWithoutATotal) {
    EXPECT_EQ(terminalLine(transferring(5, unknownSize), "text", 80), "text");
    EXPECT_EQ(terminalLine(transferring(0, 0), "text", 80), "text");
}

TEST(TerminalLine, HasNoBarWhileNothingIsTransferred) {
    Progress waiting = transferring(5, 10);
    waiting.state = TransferState::Waiting;
    EXPECT_EQ(terminalLine(waiting, "retrying", 80), "retrying");
}

TEST(TerminalLine, MoreThanWasAnnouncedIsNoLongerBar) {
    EXPECT_EQ(terminalLine(transferring(30, 10), "text", 18), "[##########] text");
}

TEST(TerminalLine, IsCutBeforeItWraps) {
    EXPECT_EQ(terminalLine({}, "a long story", 7), "a long");
    EXPECT_EQ(terminalLine({}, "a long story", 0), "");
}

TEST(TerminalLine, IsNotCutWithinACharacter) {
    EXPECT_EQ(terminalLine({}, "zw\xc3\xb6lf", 4), "zw");
    EXPECT_EQ(terminalLine({}, "zw\xc3\xb6lf", 5), "zw\xc3\xb6");
}

} // namespace
} // namespace bootferry
