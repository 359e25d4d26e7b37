// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plain_text.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(PlainTextTest, KeepsWhatIsWellFormed) {
    EXPECT_EQ(plainText("größer – 🚢"), "größer – 🚢");
    EXPECT_EQ(plainText(nullptr), "");
}

TEST(PlainTextTest, ReplacesWhatWouldHarmAJournalOrABus) {
    EXPECT_EQ(plainText("a\nb\x1b[31m"), "a b [31m");
    EXPECT_EQ(plainText("\xff\xc0\xaf"), "???");
    EXPECT_EQ(plainText("\xed\xa0\x80"), "???"); // a surrogate
    EXPECT_EQ(plainText("cut \xe2\x82"), "cut ??");
}

TEST(PlainTextTest, IsBounded) {
    EXPECT_EQ(plainText(std::string(5000, 'x').c_str()).size(), 1024U);
}

} // namespace
} // namespace bootferry
