// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signed_list.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "argument_values.h"
#include "errors.h"
#include "files.h"

namespace bootferry {
namespace {

TEST(SignedList, APlainListIsReadAlikeByAll) {
    const auto isPlain = [](std::string_view text) {
        try {
            requirePlainList(text);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Checksum);
            return false;
        }
        return true;
    };
    EXPECT_TRUE(isPlain(""));
    EXPECT_TRUE(isPlain("# \xc3\xa4\nabc\tlive.iso\r\n"));
    for (const std::string text : {"a\rb\n", "a\r\r\n", "a\x1b\n", "a\x7f\n"}) {
        EXPECT_FALSE(isPlain(text)) << ::testing::PrintToString(text);
    }
    EXPECT_FALSE(isPlain(std::string("a\0b", 3)));
    EXPECT_TRUE(isPlain(std::string(8192, 'a')));
    EXPECT_FALSE(isPlain(std::string(8193, 'a')));
}

TEST(SignedList, ASignatureIsAUrlOrLookedFor) {
    TransferRequest request;
    setSignature(request, "http://h/SHA256SUMS.gpg");
    EXPECT_EQ(request.signature.value().url.value().redacted(), "http://h/SHA256SUMS.gpg");
    setSignature(request, "auto");
    EXPECT_FALSE(request.signature.value().url);
    for (const auto* wrong : {"", "none", "SHA256SUMS.gpg", "http://user@h/x", "http://"}) {
        EXPECT_THROW(setSignature(request, wrong), Error) << wrong;
    }
}

TEST(SignedList, OnlyRequiredCanBeDemanded) {
    TransferRequest request;
    for (const auto* wrong : {"", "no", "optional", "0", "REQUIRED"}) {
        EXPECT_THROW(setVerify(request, wrong), Error) << wrong;
        EXPECT_FALSE(request.signedOnly);
    }
    setVerify(request, "required");
    EXPECT_TRUE(request.signedOnly);
}

TEST(SignedList, WhatIsNotSignedIsRefused) {
    TransferRequest request;
    requireSignedList(request);
    EXPECT_FALSE(request.signature);
    setVerify(request, "required");
    EXPECT_THROW(requireSignedList(request), Error);
    setChecksum(request, std::string(64, 'a'));
    EXPECT_THROW(requireSignedList(request), Error);
    setChecksum(request, "http://h/SHA256SUMS");
    requireSignedList(request);
    EXPECT_TRUE(request.signature.has_value());
    EXPECT_FALSE(request.signature->url);

    TransferRequest nothing;
    setSignature(nothing, "auto");
    EXPECT_THROW(requireSignedList(nothing), Error);
}

TEST(SignedList, ASignatureLiesBesideTheList) {
    const auto urls = usualSignatures(Url::parse("http://[::1]:81/a/SHA256SUMS?x=y"));
    ASSERT_EQ(urls.size(), 5U);
    EXPECT_EQ(urls.front().asWritten(), "http://[::1]:81/a/SHA256SUMS.gpg?x=y");
    EXPECT_EQ(urls.back().asWritten(), "http://[::1]:81/a/SHA256SUMS.p7s?x=y");
}

TEST(SignedList, InlineSignaturesBeginALine) {
    EXPECT_TRUE(isSignedInline("# junk\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n"));
    EXPECT_FALSE(isSignedInline(" -----BEGIN PGP SIGNED MESSAGE-----\n"));
    EXPECT_FALSE(isSignedInline("-----BEGIN PGP SIGNATURE-----\n"));
    EXPECT_FALSE(isSignedInline(""));
}

TEST(SignedList, TheMachinesOwnSettingIsNotGuessed) {
    const auto folder = std::filesystem::temp_directory_path() / "bootferry-signed-list-test";
    std::filesystem::remove_all(folder);
    EXPECT_FALSE(requiresSignatures(folder));
    writeFileAtomically(folder / "verify", "required\n");
    EXPECT_TRUE(requiresSignatures(folder));
    for (const auto* wrong : {"", "no\n", "require"}) {
        writeFileAtomically(folder / "verify", wrong);
        EXPECT_THROW((void)requiresSignatures(folder), Error) << wrong;
    }
    std::filesystem::remove(folder / "verify");
    std::filesystem::create_symlink("nowhere", folder / "verify");
    EXPECT_THROW((void)requiresSignatures(folder), Error);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace bootferry
