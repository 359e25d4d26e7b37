// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verity_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Act>
std::string refusalOf(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "accepted";
    return "";
}

TEST(VerityRequest, ARootHashIsHexOfWholeBytes) {
    const std::string hash(62, '0');
    EXPECT_EQ(parseRootHash(hash + "Ab"), hash + "ab");
    EXPECT_EQ(parseRootHash(std::string(128, 'f')).size(), 128U);
    EXPECT_EQ(parseRootHash(std::string(40, '1')).size(), 40U) << "sha1";
    for (const auto& wrong : {std::string(), hash + "a", hash + "xx", hash + " 0", std::string(130, '0'),
                              std::string("00"), std::string(32, '0'), "sha256:" + hash}) {
        EXPECT_THAT(refusalOf([&] { (void)parseRootHash(wrong); }), HasSubstr("veritysetup format"));
    }
}

TEST(VerityRequest, ASignatureIsOnTheLineOrInTheInitrd) {
    for (const char* right : {"base64:MIIB", "base64:MII=", "/etc/image.p7s"}) {
        EXPECT_EQ(parseRootHashSignature(right), right);
    }
    for (const char* wrong :
         {"", "base64:", "base64:MII", "base64:M II", "http://h/a.p7s", "a.p7s", "/a/../b"}) {
        EXPECT_THAT(refusalOf([&] { (void)parseRootHashSignature(wrong); }), HasSubstr("expected base64:"));
    }
    VerityRequest request{.signature = "base64:MIIB"};
    EXPECT_THAT(refusalOf([&] { completeVerity(request, nullptr); }), HasSubstr("roothash_signature="));
    setRootHashSignature(request, "http://h/a.p7s");
    EXPECT_EQ(request.signature, "");
    EXPECT_EQ(request.fetched().size(), 1U);
    EXPECT_THAT(refusalOf([&] { completeVerity(request, nullptr); }), HasSubstr("roothash_signature="));
    EXPECT_THAT(refusalOf([&] { setRootHashSignature(request, "http://u:p@h/a.p7s"); }),
                HasSubstr("user name"));
    setRootHashSignature(request, "/etc/a.p7s");
    EXPECT_TRUE(request.fetched().empty());
}

TEST(VerityRequest, TheTreeIsAFileOrBehindTheImage) {
    VerityRequest request;
    setVerityTree(request, "http://h/tree");
    EXPECT_EQ(request.tree.value().redacted(), "http://h/tree");
    setVerityTree(request, "hash-offset:4096");
    EXPECT_EQ(request.offset, 4096U);
    EXPECT_FALSE(request.tree) << "the last one counts";
    for (const char* wrong : {"hash-offset:", "hash-offset:0", "hash-offset:100", "hash-offset:-512",
                              "hash-offset:4096k", "hash-offset:18446744073709551616", "4096", "/tree", ""}) {
        EXPECT_THAT(refusalOf([&] { setVerityTree(request, wrong); }), HasSubstr("hash-offset:BYTES"));
    }
    EXPECT_THAT(refusalOf([&] { setVerityTree(request, "http://u:geheim@h/x"); }),
                ::testing::AllOf(HasSubstr("user name"), ::testing::Not(HasSubstr("geheim"))));
}

TEST(VerityRequest, OptionsAreThoseOfVeritysetup) {
    EXPECT_THAT(parseVerityOptions("panic-on-corruption,,check-at-most-once"),
                ElementsAre("panic-on-corruption", "check-at-most-once"));
    EXPECT_THAT(parseVerityOptions(""), ElementsAre());
    EXPECT_THAT(refusalOf([] { (void)parseVerityOptions("ignore-corruption"); }), HasSubstr("would be used"));
    EXPECT_THAT(refusalOf([] { (void)parseVerityOptions("panic-on-corruption,restart-on-corruption"); }),
                HasSubstr("contradict"));
    for (const char* wrong : {"no-superblock", "fec-device=/dev/sda", "Panic-On-Corruption", "x"}) {
        EXPECT_THAT(refusalOf([&] { (void)parseVerityOptions(wrong); }), HasSubstr(wrong));
    }
}

TEST(VerityRequest, TheUsualTreeIsBesideTheImage) {
    EXPECT_EQ(usualTree(Url::parse("http://h:8080/a/live.iso")).redacted(),
              "http://h:8080/a/live.iso.verity");
    EXPECT_EQ(usualTree(Url::parse("https://u:p@h/live.iso?token=a.b/c")).redacted(),
              "https://h/live.iso.verity?token=a.b/c");
    EXPECT_EQ(usualTree(Url::parse("sftp://[fe80::1]/live.iso")).redacted(),
              "sftp://[fe80::1]/live.iso.verity");
}

} // namespace
} // namespace bootferry
