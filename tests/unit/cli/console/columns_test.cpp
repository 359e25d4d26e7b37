// SPDX-License-Identifier: LGPL-2.1-or-later
#include "columns.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(AlignedTable, AlignsItsColumns) {
    EXPECT_EQ(alignedTable({{"ID"}, {"DONE", Column::Side::Right}, {"URL"}},
                           {{"1", "100 %", "http://a/"}, {"12", "5 %", "http://long/name"}}),
              "ID   DONE  URL\n"
              "1   100 %  http://a/\n"
              "12    5 %  http://long/name\n");
}

TEST(AlignedTable, WithoutRowsIsItsHeader) {
    EXPECT_EQ(alignedTable({{"ID"}, {"URL"}}, {}), "ID  URL\n");
}

TEST(AlignedTable, AnEmptyCellIsADash) {
    EXPECT_EQ(alignedTable({{"A"}, {"B"}}, {{"", ""}}), "A  B\n-  -\n");
}

TEST(AlignedTable, ACellStaysInItsLine) {
    EXPECT_EQ(alignedTable({{"A"}, {"B"}}, {{"x\ny\x1b[2J", "\xe2\x80\xae"}}),
              "A              B\nx\\x0ay\\x1b[2J  \\u202e\n");
}

TEST(AlignedTable, CountsCharactersAndNotBytes) {
    EXPECT_EQ(alignedTable({{"A"}, {"B"}}, {{"\xc3\xa4\xc3\xb6", "1"}, {"abc", "2"}}),
              "A    B\n\xc3\xa4\xc3\xb6   1\nabc  2\n");
}

} // namespace
} // namespace bootferry
