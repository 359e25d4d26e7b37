// SPDX-License-Identifier: LGPL-2.1-or-later
#include "known_hosts.h"

#include <gtest/gtest.h>

#include "test_keys.h"

namespace bootferry::sftp {
namespace {

using Verdict = KnownHosts::Verdict;

class KnownHostsTest : public ::testing::Test {
protected:
    Verdict check(const std::string& host, std::uint16_t port = 22, std::string_view key = firstKey) {
        return hosts_.check(host, port, ed25519(key));
    }

    KnownHosts hosts_;
};

TEST_F(KnownHostsTest, RecognisesByNameAndAddress) {
    EXPECT_EQ(hosts_.add("# a comment\n\n" + line("files.example,192.0.2.1", firstKey)), 0U);
    EXPECT_EQ(check("files.example"), Verdict::Known);
    EXPECT_EQ(check("192.0.2.1"), Verdict::Known);
    EXPECT_EQ(check("files.example", 22, secondKey), Verdict::Changed);
    EXPECT_EQ(check("other.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, APortMakesItAnotherHost) {
    hosts_.add(line("[files.example]:2222", firstKey));
    EXPECT_EQ(check("files.example", 2222), Verdict::Known);
    EXPECT_EQ(check("files.example", 22), Verdict::Unknown);
    EXPECT_EQ(check("files.example", 2223), Verdict::Unknown);
}

TEST_F(KnownHostsTest, ReadsHashedNames) {
    hosts_.add(hashedLine);
    EXPECT_EQ(check("files.example"), Verdict::Known);
    EXPECT_EQ(check("files.example", 22, secondKey), Verdict::Changed);
    EXPECT_EQ(check("other.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, AHashIsAsLongAsASha1) {
    const std::string salt = "|1|Hkll0ODEeGPuuahLOp02/B283Ac=|";
    for (const auto* hash : {"", "QUJD", "Q4rCYV0siL9xnwVOIhCj2n7wyX0", "Q4rCYV0siL9xnwVOIhCj2n7wyX0A",
                             "Q4rCYV0si-9xnwVOIhCj2n7wyX0=", "Q4rCYV0siL9xnwVOIhCj2n7wyX0=|"}) {
        EXPECT_EQ(hosts_.add(line(salt + hash, firstKey)), 1U) << hash;
    }
    EXPECT_EQ(hosts_.add(line("|1||Q4rCYV0siL9xnwVOIhCj2n7wyX0=", firstKey)), 1U);
    EXPECT_EQ(check("files.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, AHostMayHaveSeveralKeys) {
    hosts_.add(line("files.example", firstKey) + line("files.example", secondKey));
    EXPECT_EQ(check("files.example", 22, firstKey), Verdict::Known);
    EXPECT_EQ(check("files.example", 22, secondKey), Verdict::Known);
}

TEST_F(KnownHostsTest, AKeyOfAnotherKindIsAChange) {
    hosts_.add("files.example ecdsa-sha2-nistp256 " + std::string(secondKey) + "\n");
    EXPECT_EQ(check("files.example"), Verdict::Changed);
    EXPECT_EQ(hosts_.algorithmsFor("files.example", 22), std::vector<std::string>{"ecdsa-sha2-nistp256"});
    EXPECT_TRUE(hosts_.algorithmsFor("other.example", 22).empty());
}

TEST_F(KnownHostsTest, ARevokedKeyIsRefusedWhereverItShows) {
    hosts_.add(line("files.example", firstKey) + "@revoked other.example ssh-ed25519 " +
               std::string(firstKey) + "\n");
    EXPECT_EQ(check("files.example"), Verdict::Revoked);
}

TEST_F(KnownHostsTest, UnsupportedLinesMatchNoHost) {
    EXPECT_EQ(
        hosts_.add("@cert-authority " + line("*.example", firstKey) + "files.example\r\nfiles.example x\n"),
        3U);
    const auto hash = std::string(hashedLine.substr(0, hashedLine.find(' ')));
    EXPECT_EQ(hosts_.add(line(hash + ",*.example", firstKey)), 1U);
    EXPECT_EQ(check("files.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, NamesMayHaveWildcards) {
    hosts_.add(line("*.example,192.0.2.?", firstKey) + line("[*.test]:2222", secondKey));
    EXPECT_EQ(check("files.example"), Verdict::Known);
    EXPECT_EQ(check("a.b.example"), Verdict::Known);
    EXPECT_EQ(check("example"), Verdict::Unknown);
    EXPECT_EQ(check("192.0.2.7"), Verdict::Known);
    EXPECT_EQ(check("192.0.2.77"), Verdict::Unknown);
    EXPECT_EQ(check("files.test", 2222, secondKey), Verdict::Known);
    EXPECT_EQ(check("files.test", 22, secondKey), Verdict::Unknown);
    EXPECT_EQ(hosts_.algorithmsFor("a.example", 22), std::vector<std::string>{"ssh-ed25519"});
}

TEST_F(KnownHostsTest, ANegatedNameIsNotOfTheLine) {
    hosts_.add(line("*.example,!bad.example,!*.worse.example", firstKey));
    EXPECT_EQ(check("files.example"), Verdict::Known);
    EXPECT_EQ(check("bad.example"), Verdict::Unknown);
    EXPECT_EQ(check("a.worse.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, OnlyNegatedNamesAreNobody) {
    hosts_.add(line("!bad.example", firstKey) + line("!", firstKey) + line(",", firstKey));
    EXPECT_EQ(check("files.example"), Verdict::Unknown);
}

TEST_F(KnownHostsTest, CaseMakesNoDifference) {
    hosts_.add(line("Files.Example", firstKey) + line("*.TEST", firstKey));
    EXPECT_EQ(check("files.example"), Verdict::Known);
    EXPECT_EQ(check("FILES.example"), Verdict::Known);
    EXPECT_EQ(check("a.Test"), Verdict::Known);
}

TEST_F(KnownHostsTest, CaseMakesNoDifferenceToAHashedName) {
    hosts_.add(hashedLine);
    EXPECT_EQ(check("FILES.example"), Verdict::Known);
}

TEST_F(KnownHostsTest, TheNameWithAPortComesFirst) {
    hosts_.add(line("[files.example]:2222", secondKey) + line("files.example", firstKey));
    EXPECT_EQ(check("files.example", 2222, secondKey), Verdict::Known);
    EXPECT_EQ(check("files.example", 2222, firstKey), Verdict::Changed);
    EXPECT_EQ(check("files.example", 2223, firstKey), Verdict::Known);
}

TEST(MatchesPatternsTest, ALongPatternTakesNoTimeToSpeakOf) {
    std::string pattern;
    for (int i = 0; i < 1000; ++i) {
        pattern += "*a";
    }
    EXPECT_FALSE(matchesPatterns(std::string(900, 'a'), pattern));
    EXPECT_TRUE(matchesPatterns(std::string(1000, 'a'), pattern));
    EXPECT_TRUE(matchesPatterns("a", "**"));
    EXPECT_FALSE(matchesPatterns("a", ""));
}

TEST_F(KnownHostsTest, LinesMayEndAsOnWindowsOrNotAtAll) {
    hosts_.add("a.example ssh-ed25519 " + std::string(firstKey) + "\r\n" + "b.example ssh-ed25519 " +
               std::string(firstKey));
    EXPECT_EQ(check("a.example"), Verdict::Known);
    EXPECT_EQ(check("b.example"), Verdict::Known);
}

} // namespace
} // namespace bootferry::sftp
