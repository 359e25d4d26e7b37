// SPDX-License-Identifier: LGPL-2.1-or-later
#include "credentials.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

const Url image = Url::parse("http://10.0.0.1/live.iso");
const Credentials login{{"user", "someone"}, {"password", "geheim"}, {"token", "t"}};

TEST(CredentialsTest, TheImagesServerGetsCredentialsWithoutAHost) {
    EXPECT_EQ(credentialsFor(image, image, login), login);
    EXPECT_EQ(credentialsFor(Url::parse("http://10.0.0.1:80/other"), image, login), login);
}

TEST(CredentialsTest, OtherOriginsDoNotGetIt) {
    for (const auto* other : {"http://10.0.0.2/live.iso", "http://10.0.0.1:8080/live.iso",
                              "https://10.0.0.1/live.iso", "http://10.0.0.1.example/live.iso"}) {
        EXPECT_TRUE(credentialsFor(Url::parse(other), image, login).empty()) << other;
    }
}

TEST(CredentialsTest, OtherServersGetTheirsByName) {
    const Credentials all{{"user", "someone"},           {"user.mirror", "another"}, {"password.mirror", "x"},
                          {"user.mirror-8080", "third"}, {"user.fe80--1-81", "six"}, {"token.10.0.0.1", "u"}};
    EXPECT_EQ(credentialsFor(Url::parse("http://mirror/a"), image, all),
              (Credentials{{"user", "another"}, {"password", "x"}}));
    EXPECT_EQ(credentialsFor(Url::parse("http://mirror:8080/a"), image, all),
              (Credentials{{"user", "third"}}));
    EXPECT_EQ(credentialsFor(Url::parse("http://[fe80::1]:81/a"), image, all),
              (Credentials{{"user", "six"}}));
    EXPECT_EQ(credentialsFor(image, image, all).at("token"), "u");
    EXPECT_EQ(credentialsFor(image, image, all).at("user"), "someone");
}

TEST(CredentialsTest, TheNarrowerNameWins) {
    for (const auto& all : {Credentials{{"user", "a"}, {"user.10.0.0.1", "b"}}}) {
        EXPECT_EQ(credentialsFor(image, image, all).at("user"), "b");
    }
}

TEST(CredentialsTest, CredentialsThatAreNotSentAreForAll) {
    const Credentials all{{"cacert", "c"}, {"known_hosts", "k"}, {"sshkey", "s"}, {"sshkey_passphrase", "p"}};
    EXPECT_EQ(credentialsFor(Url::parse("sftp://elsewhere/a"), image, all), all);
}

TEST(CredentialsTest, TheUrlsOwnUserinfoComesFirstAndWhole) {
    const auto url = Url::parse("http://u@10.0.0.1/live.iso");
    const auto chosen = credentialsFor(url, url, login);
    EXPECT_EQ(chosen.at("user"), "u");
    EXPECT_FALSE(chosen.contains("password")); // it belongs to another user
}

TEST(CredentialsTest, TheImagesUserinfoIsForItsServerWhateverThePath) {
    const auto withUser = Url::parse("http://u:p@10.0.0.1/live.iso");
    EXPECT_EQ(credentialsFor(Url::parse("http://10.0.0.1/SHA256SUMS"), withUser, {}),
              (Credentials{{"user", "u"}, {"password", "p"}}));
    EXPECT_TRUE(credentialsFor(Url::parse("https://10.0.0.1/SHA256SUMS"), withUser, {}).empty());
}

TEST(CredentialsTest, ARequestHasThemForEachUrlInOrder) {
    TransferRequest request;
    request.url = image;
    request.mirrors = {Url::parse("http://mirror/a")};
    request.checksumUrl = Url::parse("http://10.0.0.1/SHA256SUMS");
    const auto each = credentialsFor(request, login);
    ASSERT_EQ(each.size(), 3U);
    EXPECT_EQ(each[0], login);
    EXPECT_TRUE(each[1].empty());
    EXPECT_EQ(each[2], login);
}

} // namespace
} // namespace bootferry
