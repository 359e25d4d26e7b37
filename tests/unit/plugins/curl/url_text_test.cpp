// SPDX-License-Identifier: LGPL-2.1-or-later
#include "url_text.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(UrlTextTest, TheAuthorityHoldsNoUserinfo) {
    EXPECT_EQ(authorityOf("http://user:p@ss@host:80/x@y"), "host:80");
    EXPECT_EQ(authorityOf("https://[2001:db8::1]?q"), "[2001:db8::1]");
    EXPECT_EQ(authorityOf("//user@host/x"), "host");
    EXPECT_EQ(authorityOf("host"), "host");
}

TEST(UrlTextTest, EachSchemeHasItsPort) {
    EXPECT_EQ(hostAndPortOf("http://user:p@host/x"), "host:80");
    EXPECT_EQ(hostAndPortOf("https://host"), "host:443");
    EXPECT_EQ(hostAndPortOf("ftp://[::1]/x"), "[::1]:21");
    EXPECT_EQ(hostAndPortOf("http://[::1]:8080/x"), "[::1]:8080");
}

TEST(UrlTextTest, NoPasswordIsShown) {
    EXPECT_EQ(shownUrl("http://user:secret@host/x?y"), "http://host/x?...");
    EXPECT_EQ(shownUrl("/path?token=secret#part"), "/path?...");
    EXPECT_EQ(shownUrl("//user:secret@host"), "//host");
    EXPECT_EQ(shownUrl("http://user:sec/ret@host"), "http://host");
    EXPECT_EQ(shownUrl("user:secret@host"), "host");
    EXPECT_EQ(shownUrl("/path"), "/path");
    EXPECT_EQ(shownUrl(""), "");
    EXPECT_EQ(shownUrl("http://h/" + std::string(10000, 'x')).size(), 203U);
}

} // namespace
} // namespace bootferry::curl
