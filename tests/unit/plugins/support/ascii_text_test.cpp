// SPDX-License-Identifier: LGPL-2.1-or-later
// Mostly the edge cases: the ends of texts and of ranges.
#include "ascii_text.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace bootferry::plugin {
namespace {

TEST(ParseNumber, requiresTheWholeTextToBeANumber) {
    EXPECT_EQ(parseNumber<std::uint64_t>("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parseNumber<std::uint16_t>("0080"), 80);
    EXPECT_EQ(parseNumber<unsigned char>("fF", 16), 255);
    for (const auto* text : {"", " 1", "1 ", "+1", "-1", "0x1", "1k", "18446744073709551616"}) {
        EXPECT_FALSE(parseNumber<std::uint64_t>(text)) << text;
    }
    EXPECT_EQ(parseNumber<int>("-1"), -1);
}

TEST(ParseNumberWithin, acceptsBothEnds) {
    EXPECT_EQ(parseNumberWithin(std::string("1"), 1U, 65535U), 1U);
    EXPECT_EQ(parseNumberWithin("65535", 1U, 65535U), 65535U);
    EXPECT_FALSE(parseNumberWithin("0", 1U, 65535U));
    EXPECT_FALSE(parseNumberWithin("65536", 1U, 65535U));
    EXPECT_FALSE(parseNumberWithin("-1", 0L, 10L));
    EXPECT_FALSE(parseNumberWithin("", 0, 10));
}

TEST(TakeNumber, leavesTheRestOfTheText) {
    std::string_view text = "12min";
    EXPECT_EQ(takeNumber<unsigned>(text), 12U);
    EXPECT_EQ(text, "min");
    EXPECT_FALSE(takeNumber<unsigned>(text));
    EXPECT_EQ(text, "min");
}

TEST(Trimmed, removesBlanksOnlyAtBothEnds) {
    EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
    EXPECT_EQ(trimmed("\ta ", " "), "\ta");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
}

TEST(EqualIgnoringCase, ignoresTheCaseOfAsciiLettersOnly) {
    EXPECT_TRUE(equalIgnoringCase("ETag", "etAG"));
    EXPECT_FALSE(equalIgnoringCase("ETag", "ETags"));
    EXPECT_FALSE(equalIgnoringCase("\xc3\x84", "\xc3\xa4"));
    EXPECT_FALSE(equalIgnoringCase("[", "{")) << "they differ in the same bit as letters do";
    EXPECT_EQ(lowered("AZaz09-\xc3\x84"), "azaz09-\xc3\x84");
}

} // namespace
} // namespace bootferry::plugin
