// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plain_text.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(PlainTextTest, KeepsValidText) {
    EXPECT_EQ(plainText("größer – 🚢"), "größer – 🚢");
    EXPECT_EQ(plainText(static_cast<const char*>(nullptr)), "");
}

TEST(PlainTextTest, ReplacesInvalidUtf8AndNoncharacters) {
    EXPECT_EQ(plainText("a\nb\x1b[31m"), "a b [31m");
    EXPECT_EQ(plainText("\xff\xc0\xaf"), "???");
    EXPECT_EQ(plainText("\xed\xa0\x80"), "???"); // a surrogate
    EXPECT_EQ(plainText("cut \xe2\x82"), "cut ??");
    EXPECT_EQ(plainText("a\xef\xbf\xbf-\xef\xb7\x90-\xf0\x9f\xbf\xbe"), "a?-?-?"); // noncharacters
}

// Terminals may interpret U+0080 to U+009F as control characters: U+009B is "ESC [".
TEST(PlainTextTest, ReplacesC0AndC1ControlCharactersWithSpaces) {
    EXPECT_EQ(plainText("a\x7f"
                        "b\xc2\x80"
                        "c\xc2\x9b"
                        "d\xc2\x9f"
                        "e\xc2\xa0"),
              "a b c d e\xc2\xa0");
    EXPECT_EQ(plainText(std::string_view("a\0b", 3)), "a b");
}

TEST(PlainTextTest, ReplacesDirectionMarksAndLineSeparatorsWithSpaces) {
    for (const auto* character :
         {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
          "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xef\xbb\xbf", "\xf3\xa0\x81\x81"}) {
        EXPECT_EQ(plainText("a" + std::string(character) + "b"), "a b") << character;
    }
    EXPECT_EQ(plainText("\xe2\x80\x90\xe2\x81\xaa"), "\xe2\x80\x90\xe2\x81\xaa"); // the neighbours
}

TEST(PlainTextTest, EscapesWhatWouldNotBeSeen) {
    EXPECT_EQ(escapedText("größer – 🚢"), "größer – 🚢");
    EXPECT_EQ(escapedText("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
    EXPECT_EQ(escapedText("\xe2\x80\xae\xc2\x9b"), "\\u202e\\u009b");
    EXPECT_EQ(escapedText("\xff\xef\xbf\xbf"), "\\xff\\uffff");
    EXPECT_EQ(escapedText("/dev/disk/by-label/a\\x20b"), "/dev/disk/by-label/a\\x20b");
}

TEST(PlainTextTest, ReplacesWhatIsNoCharacter) {
    EXPECT_EQ(validUtf8("größer\n\x1b"), "größer\n\x1b");
    EXPECT_EQ(validUtf8("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(PlainTextTest, RecognisesWhatABusCanCarry) {
    EXPECT_TRUE(isBusText("größer\n🚢"));
    EXPECT_TRUE(isBusText(""));
    EXPECT_FALSE(isBusText("\xff"));
    EXPECT_FALSE(isBusText("a\xef\xbf\xbf"));
    EXPECT_FALSE(isBusText(std::string_view("a\0b", 3)));
}

TEST(PlainTextTest, NoLimitIsNotAShortOne) {
    EXPECT_EQ(plainText("abcdefgh", SIZE_MAX), "abcdefgh");
    EXPECT_EQ(plainText(std::string_view("abcdefgh"), SIZE_MAX), "abcdefgh");
}

TEST(PlainTextTest, LimitsTheLength) {
    EXPECT_EQ(plainText(std::string(5000, 'x').c_str()).size(), 1024U);
    EXPECT_EQ(plainText(std::string(5000, 'x'), 100).size(), 100U);
    EXPECT_EQ(plainText("ab\xc3\xbc", 3), "ab"); // no half characters
}

} // namespace
} // namespace bootferry
