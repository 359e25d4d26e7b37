// SPDX-License-Identifier: LGPL-2.1-or-later
// The ends of texts and lines are where such code goes wrong.
#include "text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LinesOf, keepsEmptyLinesAndNoneBehindTheLastEnd) {
    EXPECT_THAT(linesOf("one\n\ntwo\n"), ElementsAre("one", "", "two"));
    EXPECT_THAT(linesOf("one\ntwo"), ElementsAre("one", "two"));
    EXPECT_THAT(linesOf("\n"), ElementsAre(""));
    EXPECT_THAT(linesOf(""), IsEmpty());
}

TEST(WordsOf, takesAnyBlanksForOneBorder) {
    EXPECT_THAT(wordsOf("  MemAvailable:\t 2048 kB\r\n"), ElementsAre("MemAvailable:", "2048", "kB"));
    EXPECT_THAT(wordsOf("word"), ElementsAre("word"));
    EXPECT_THAT(wordsOf(" \t"), IsEmpty());
    EXPECT_THAT(wordsOf(""), IsEmpty());
}

} // namespace
} // namespace bootferry
