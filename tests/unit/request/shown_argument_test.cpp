// SPDX-License-Identifier: LGPL-2.1-or-later
#include "shown_argument.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(ShownWord, NoSecretIsShownWhateverItIsWrittenLike) {
    for (const char* word : {"curl:pass=geheim",
                             "curl:pass:geheim",
                             "--option=curl:user=u:geheim",
                             "--option=curl:pass=geheim",
                             "option=dolly:password=geheim",
                             "dolly:password=geheim",
                             "curl:user=u:geheim",
                             "cifspass=geheim",
                             "CIFSPASS=geheim",
                             "cifspass:geheim",
                             "rootfstype.pass=geheim",
                             "--user=u:geheim",
                             "user=u:geheim",
                             "--proxy-user=u:geheim",
                             "-u=u:geheim",
                             "-uu:geheim",
                             "u:geheim@h/x",
                             "x=u:geheim@h/x",
                             "http://u:geheim@h/x",
                             "http://u:gehe/im@h/geheim@x",
                             "http://h/x?geheim",
                             "x=http://h/x?geheim",
                             "bootorigin:live.iso?geheim",
                             "x=bootorigin:live.iso?geheim",
                             "//h/x?geheim",
                             "h/x?sig=geheim"}) {
        EXPECT_EQ(shownWord(word).find("geheim"), std::string::npos) << word << ": " << shownWord(word);
    }
}

TEST(ShownWord, WhatIsHarmlessIsShown) {
    for (const char* word :
         {"fetch", "live.iso", "/dev/ram0", "root=live:CDLABEL=A", "spec_store_bypass_disable=on", "user=u",
          "http://h:80/x@y", "rd.kiwi.verity_options=panic-on-corruption", "monkeys=3", ""}) {
        EXPECT_EQ(shownWord(word), word);
    }
    EXPECT_EQ(shownWord("http://u:p@h:80/x?y"), "http://h:80/x?...");
    EXPECT_EQ(shownWord("curl:pass=x"), "curl:pass=...");
    EXPECT_EQ(shownWord("x=live.iso?y"), "x=live.iso?...");
}

TEST(ShownText, ShowsNoUserinfo) {
    EXPECT_EQ(shownText("opening 'http://u:geheim@h/x': No such file"), "opening 'http://h/x': No such file");
    EXPECT_EQ(shownText("http://u:p@ss@h, ftp://u@h/a@b"), "http://h, ftp://h/a@b");
    EXPECT_EQ(shownText("http://h/x is not u@h"), "http://h/x is not u@h");
    EXPECT_EQ(shownText("://"), "://");
    EXPECT_EQ(shownText("http://u:geheim@"), "http://");
    EXPECT_EQ(shownText("'http://u:ge/heim@h/x'"), "'http://h/x'");
    EXPECT_EQ(shownText("http://h:80/a@b and http://[fe80::1]:80/a@b"),
              "http://h:80/a@b and http://[fe80::1]:80/a@b");
    EXPECT_EQ(shownText(""), "");
}

TEST(ShownText, ShowsNoLoginThatHasLostItsScheme) {
    EXPECT_EQ(shownText("expected a number, not 'u:geheim@h/x'"), "expected a number, not '...@h/x'");
    EXPECT_EQ(shownText("'a=u:geheim@h': no"), "'a=...@h': no");
    EXPECT_EQ(shownText("u:ge/he@im@h/x"), "...@h/x");
    EXPECT_EQ(shownText("signed by A B <a@b.org>: good, x@1:2"), "signed by A B <a@b.org>: good, x@1:2");
    EXPECT_EQ(shownText("set the option sftp:hostkey=SHA256:abc"), "set the option sftp:hostkey=SHA256:abc");
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
    EXPECT_EQ(withoutQueries("http://a?..., http://b?..."), "http://a?..., http://b?...");
}

} // namespace
} // namespace bootferry
