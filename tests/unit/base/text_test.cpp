// SPDX-License-Identifier: LGPL-2.1-or-later
// Mostly the edge cases: the ends of texts and lines.
#include "text.h"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LinesOf, keepsEmptyLinesButAddsNoneAtTheEnd) {
    EXPECT_THAT(linesOf("one\n\ntwo\n"), ElementsAre("one", "", "two"));
    EXPECT_THAT(linesOf("one\ntwo"), ElementsAre("one", "two"));
    EXPECT_THAT(linesOf("\n"), ElementsAre(""));
    EXPECT_THAT(linesOf(""), IsEmpty());
}

TEST(WordsOf, treatsARunOfBlanksAsOneSeparator) {
    EXPECT_THAT(wordsOf("  MemAvailable:\t 2048 kB\r\n"), ElementsAre("MemAvailable:", "2048", "kB"));
    EXPECT_THAT(wordsOf("word"), ElementsAre("word"));
    EXPECT_THAT(wordsOf(" \t"), IsEmpty());
    EXPECT_THAT(wordsOf(""), IsEmpty());
}

TEST(Trimmed, removesBlanksOnlyAtBothEnds) {
    EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
    EXPECT_EQ(trimmed("\ta ", " "), "\ta");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
}

TEST(Lowered, changesOnlyAsciiLetters) {
    EXPECT_EQ(lowered("AZaz09-\xc3\x84"), "azaz09-\xc3\x84");
}

TEST(ParseNumber, requiresTheWholeTextToBeANumber) {
    EXPECT_EQ(parseNumber<std::uint64_t>("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parseNumber<std::uint16_t>("0080"), 80);
    EXPECT_EQ(parseNumber<unsigned>("fF", 16), 255U);
    for (const auto* text : {"", " 1", "1 ", "+1", "-1", "0x1", "1k", "18446744073709551616"}) {
        EXPECT_FALSE(parseNumber<std::uint64_t>(text)) << text;
    }
    EXPECT_FALSE(parseNumber<std::uint16_t>("65536"));
    EXPECT_EQ(parseNumber<int>("-1"), -1);
}

TEST(TakeNumber, leavesTheRestOfTheText) {
    std::string_view text = "12min";
    EXPECT_EQ(takeNumber<unsigned>(text), 12U);
    EXPECT_EQ(text, "min");
    EXPECT_FALSE(takeNumber<unsigned>(text));
    EXPECT_EQ(text, "min");
}

TEST(HexOf, writesTwoDigitsForEachByte) {
    const unsigned char bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    EXPECT_EQ(hexOf(bytes), "000fa0ff");
    EXPECT_EQ(hexOf({}), "");
}

} // namespace
} // namespace bootferry
