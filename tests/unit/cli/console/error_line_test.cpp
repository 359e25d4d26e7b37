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

TEST(WithoutQueries, OfAllUrls) {
    EXPECT_EQ(withoutQueries(""), "");
    EXPECT_EQ(withoutQueries("why? because"), "why? because");
    EXPECT_EQ(withoutQueries("http://a/b"), "http://a/b");
    EXPECT_EQ(withoutQueries("x=live:http://a/b?sig=1&c=http://d?e"), "x=live:http://a/b?...");
    EXPECT_EQ(withoutQueries("from 'http://a/b?c' and http://d?e to \"http://f/g?h\", why?"),
              "from 'http://a/b?...' and http://d?... to \"http://f/g?...\", why?");
    EXPECT_EQ(withoutQueries("http://a/b?c'secret' x"), "http://a/b?...' x");
    EXPECT_EQ(withoutQueries("'"), "'");
    EXPECT_EQ(withoutQueries("://':"), "://':");
    EXPECT_EQ(withoutQueries("http://a?b\nhttp://c?d\n"), "http://a?...\nhttp://c?...\n");
}

} // namespace
} // namespace bootferry
