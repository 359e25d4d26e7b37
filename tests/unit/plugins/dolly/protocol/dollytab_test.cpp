// SPDX-License-Identifier: LGPL-2.1-or-later
// Dollytabs of both generations, and text that is not a dollytab.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dollytab.h"
#include "host.h"

namespace bootferry::dolly {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string classic(const std::string& topology, const std::string& count = "3") {
    return "infile /srv/live.iso\noutfile /dev/sda\n" + topology +
           "server head\nfirstclient n1\nlastclient n3\nclients " + count + "\nn1\nn2\nn3\nendconfig\n";
}

Dollytab tabToSend() {
    Dollytab tab;
    tab.infile = "live.iso";
    tab.outfile = "/dev/sda";
    tab.server = "head";
    tab.hosts = {"10.0.0.2", "n3"};
    return tab;
}

std::string whyNot(const std::string& text, Generation generation = Generation::Classic) {
    try {
        (void)parseDollytab(text, generation);
    } catch (const plugin::Failure& failure) {
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_PROTOCOL);
        return failure.what();
    }
    return "accepted";
}

TEST(Dollytab, OfTheClassicGeneration) {
    const auto tab = parseDollytab(classic(""), Generation::Classic);
    EXPECT_THAT(tab.hosts, ElementsAre("n1", "n2", "n3"));
    EXPECT_EQ(tab.fanout, 1U);
    EXPECT_EQ(tab.dataConnections(), 1U);
    EXPECT_FALSE(tab.compressed);
    EXPECT_FALSE(tab.hyphenIsNormal);
    EXPECT_EQ(tab.text, classic(""));
    EXPECT_EQ(tab.infile, "/srv/live.iso");
    EXPECT_EQ(tab.outfile, "/dev/sda");
    EXPECT_EQ(tab.server, "head");
}

TEST(Dollytab, OfTheGenerationWithPasswords) {
    const auto tab = parseDollytab("infile /a\noutfile /b\nhyphennormal\n10.0.0.1\n\n10.0.0.2\nendconfig\n",
                                   Generation::Password);
    EXPECT_THAT(tab.hosts, ElementsAre("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(tab.hyphenIsNormal);
}

TEST(Dollytab, MayBeCompressedAndSplit) {
    EXPECT_TRUE(parseDollytab("compressed infile a.gz split\noutfile b split 2G\nserver s\nfirstclient x\n"
                              "lastclient x\nclients 1\nx\nendconfig\n",
                              Generation::Classic)
                    .compressed);
}

TEST(Dollytab, EveryOptionalLine) {
    const auto tab = parseDollytab(classic("segsize 1460\nadd 2:-fast:-slow\nfanout 1\nhypheninterface\n"),
                                   Generation::Classic);
    EXPECT_EQ(tab.dataConnections(), 3U);
    EXPECT_EQ(tab.interfaceName(1, 0), "n2");
    EXPECT_EQ(tab.interfaceName(1, 1), "n2-fast");
    EXPECT_EQ(tab.interfaceName(1, 2), "n2-slow");
    EXPECT_TRUE(tab.hyphenIsNormal);
}

TEST(Dollytab, AnInfixStandsBeforeTheNumber) {
    const auto tab = parseDollytab(classic("add2 1:-fast\n"), Generation::Classic);
    EXPECT_EQ(tab.interfaceName(0, 0), "n1");
    EXPECT_EQ(tab.interfaceName(0, 1), "n-fast1");
}

TEST(Dollytab, AddZeroChangesTheFirstName) {
    const auto tab = parseDollytab(classic("add 0:-giga\n"), Generation::Classic);
    EXPECT_EQ(tab.dataConnections(), 1U);
    EXPECT_EQ(tab.interfaceName(2, 0), "n3-giga");
}

TEST(Dollytab, ChildrenInALine) {
    const auto tab = parseDollytab(classic(""), Generation::Classic);
    EXPECT_THAT(tab.childrenOf(0), ElementsAre(1));
    EXPECT_THAT(tab.childrenOf(1), ElementsAre(2));
    EXPECT_THAT(tab.childrenOf(2), IsEmpty());
}

TEST(Dollytab, ChildrenInATree) {
    auto tab = parseDollytab(classic("fanout 2\n"), Generation::Classic);
    tab.hosts = {"a", "b", "c", "d", "e"}; // the server has a and b
    EXPECT_THAT(tab.childrenOf(0), ElementsAre(2, 3));
    EXPECT_THAT(tab.childrenOf(1), ElementsAre(4));
    EXPECT_THAT(tab.childrenOf(2), IsEmpty());
}

TEST(Dollytab, ComposedForBothGenerations) {
    auto tab = tabToSend();
    EXPECT_EQ(composeDollytab(tab, Generation::Password),
              "infile live.iso\noutfile /dev/sda\n10.0.0.2\nn3\nendconfig\n");
    EXPECT_EQ(composeDollytab(tab, Generation::Classic),
              "infile live.iso\noutfile /dev/sda\nserver head\nfirstclient 10.0.0.2\n"
              "lastclient n3\nclients 2\n10.0.0.2\nn3\nendconfig\n");
    tab.fanout = 2;
    EXPECT_NE(composeDollytab(tab, Generation::Classic).find("\nfanout 2\nserver "), std::string::npos);
}

TEST(Dollytab, ComposedIsNeverAsLongAsWhatANodeTakesForUnfinished) {
    auto tab = tabToSend();
    for (std::size_t length = 1; length <= 200; ++length) {
        tab.hosts.assign(7, std::string(200, 'a'));
        tab.hosts.emplace_back(length, 'b');
        EXPECT_NE(composeDollytab(tab, Generation::Password).size(), 1448U) << length;
    }
}

TEST(Dollytab, WhatIsComposedIsWhatIsParsed) {
    auto tab = tabToSend();
    tab.fanout = 2;
    for (const auto generation : {Generation::Classic, Generation::Password}) {
        const auto parsed = parseDollytab(composeDollytab(tab, generation), generation);
        EXPECT_EQ(parsed.infile, tab.infile);
        EXPECT_EQ(parsed.outfile, tab.outfile);
        EXPECT_EQ(parsed.hosts, tab.hosts);
        EXPECT_EQ(parsed.server, generation == Generation::Classic ? tab.server : "");
        EXPECT_EQ(parsed.fanout, generation == Generation::Classic ? tab.fanout : 1);
    }
}

TEST(Dollytab, TheEndIsALine) {
    EXPECT_TRUE(endsWithEndconfig("a\nendconfig"));
    EXPECT_TRUE(endsWithEndconfig("a\nendconfig\n "));
    EXPECT_FALSE(endsWithEndconfig("a\nendconfi"));
    EXPECT_FALSE(endsWithEndconfig("infile /my-endconfig\n"));
}

TEST(Dollytab, ErrorsNameTheLine) {
    EXPECT_THAT(whyNot(""), testing::HasSubstr("ends too early"));
    EXPECT_THAT(whyNot("outfile x\n"), testing::HasSubstr("no line 'infile '"));
    EXPECT_THAT(whyNot(classic("", "4")), testing::HasSubstr("announces 4 clients and has 3"));
    EXPECT_THAT(whyNot(classic("", "2")), testing::HasSubstr("does not end with 'endconfig'"));
    EXPECT_THAT(whyNot(classic("", "0")), testing::HasSubstr("number of clients"));
    EXPECT_THAT(whyNot(classic("", "4294967297")), testing::HasSubstr("number of clients"));
    EXPECT_THAT(whyNot(classic("", "65537")), testing::HasSubstr("number of clients"));
    EXPECT_THAT(whyNot(classic("fanout 0\n")), testing::HasSubstr("fanout"));
    EXPECT_THAT(whyNot(classic("fanout -1\n")), testing::HasSubstr("fanout"));
    EXPECT_THAT(whyNot(classic("fanout 1000\n")), testing::HasSubstr("fanout"));
    EXPECT_THAT(whyNot(classic("add 3:-a:-b\n")), testing::HasSubstr("too few names"));
    EXPECT_THAT(whyNot(classic("add 1:-a\nfanout 2\n")), testing::HasSubstr("does not combine"));
    EXPECT_THAT(whyNot("infile " + std::string(300, 'x') + "\n"), testing::HasSubstr("255"));
    EXPECT_THAT(whyNot("infile a\noutfile b\nendconfig\n", Generation::Password),
                testing::HasSubstr("no hosts"));
    EXPECT_THAT(whyNot("infile a\noutfile b\na\tb\nendconfig\n", Generation::Password),
                testing::HasSubstr("empty or invalid name"));
    EXPECT_THAT(whyNot(std::string(longestDollytab + 1, 'i')), testing::HasSubstr("longer than"));
}

// Parsed: the text is kept unchanged, and each host has a name. Refused: a person can read why.
bool isRead(const std::string& text, Generation generation) {
    try {
        const auto tab = parseDollytab(text, generation);
        EXPECT_EQ(tab.text, text);
        EXPECT_FALSE(tab.hosts.empty());
        for (const auto& host : tab.hosts) {
            EXPECT_FALSE(host.empty());
            EXPECT_LE(host.size(), longestHost);
        }
        return true;
    } catch (const plugin::Failure& failure) {
        const std::string why = failure.what();
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_PROTOCOL);
        EXPECT_FALSE(why.empty());
        EXPECT_EQ(why.find('\n'), std::string::npos) << why;
        return false;
    }
}

TEST(Dollytab, TheBeginningOfOneIsRefused) {
    const auto good = classic("segsize 1460\nadd 2:-fast:-slow\nfanout 1\nhyphennormal\n");
    ASSERT_TRUE(isRead(good, Generation::Classic));
    for (std::size_t length = 0; length + 1 < good.size(); ++length) { // without more than the last newline
        EXPECT_FALSE(isRead(good.substr(0, length), Generation::Classic)) << length;
        EXPECT_FALSE(isRead(good.substr(0, length), Generation::Password)) << length;
    }
}

TEST(Dollytab, OneWithChangedOctetsIsReadOrRefused) {
    const auto good = classic("segsize 1460\nadd 2:-fast:-slow\nfanout 1\nhyphennormal\n");
    std::mt19937 random(9997); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same garbage each time
    constexpr int rounds = 20000;
    int read = 0;
    for (int round = 0; round < rounds; ++round) {
        auto text = good;
        for (int change = 0; change < 3; ++change) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        read += isRead(text, round % 2 == 0 ? Generation::Classic : Generation::Password) ? 1 : 0;
    }
    EXPECT_GT(read, 0);
    EXPECT_LT(read, rounds);
}

} // namespace
} // namespace bootferry::dolly
