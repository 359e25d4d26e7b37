// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error_line.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(ErrorLine, ShowsNoUserinfo) {
    EXPECT_EQ(errorLine("opening 'http://u:geheim@h/x': No such file"), "opening 'http://h/x': No such file");
    EXPECT_EQ(errorLine("http://u:p@ss@h, ftp://u@h/a@b"), "http://h, ftp://h/a@b");
    EXPECT_EQ(errorLine("http://h/x is not u@h"), "http://h/x is not u@h");
    EXPECT_EQ(errorLine("://"), "://");
    EXPECT_EQ(errorLine("http://u:geheim@"), "http://");
    EXPECT_EQ(errorLine(""), "");
}

TEST(ErrorLine, EscapesControlCharacters) {
    EXPECT_EQ(errorLine("'\x1b[31m\n'"), "'\\x1b[31m\\x0a'");
    EXPECT_EQ(errorLine("'ü'"), "'ü'");
}

} // namespace
} // namespace bootferry
