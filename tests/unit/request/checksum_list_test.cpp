// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists as sha256sum(1), shasum, Fedora and openSUSE write them, and files that are not lists.
#include "checksum_list.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

const std::string a(64, 'a');
const std::string b(64, 'b');
const std::string c512(128, 'c');

std::string found(const std::string& list, const std::string& url = "http://h/pub/live.iso") {
    return findChecksum(list, Url::parse(url));
}

std::string refusal(const std::string& list, ErrorCode code,
                    const std::string& url = "http://h/pub/live.iso") {
    try {
        return "found " + found(list, url);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), code) << error.what();
        return error.what();
    }
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(ChecksumList, AllFormatsOfCoreutils) {
    for (const auto& line : {a + "  live.iso", a + " *live.iso", "SHA256 (live.iso) = " + a,
                             a + "  ./live.iso", a + "  live.iso\r", std::string(64, 'A') + "  live.iso"}) {
        EXPECT_EQ(found(b + "  other.iso\n" + line + "\n" + b + "  alive.iso\n"), "sha256:" + a) << line;
        EXPECT_EQ(found(line), "sha256:" + a) << line; // without an end of line
    }
    EXPECT_EQ(found(c512 + "  live.iso\n"), "sha512:" + c512);
    EXPECT_EQ(found("SHA512 (live.iso) = " + c512 + "\n"), "sha512:" + c512);
}

TEST(ChecksumList, WhateverSha256sumAccepts) {
    for (const auto& line : {a + " live.iso", a + "\tlive.iso", a + "\t*live.iso", "  " + a + "  live.iso",
                             "\t" + a + " live.iso\r", "SHA256(live.iso)= " + a, "SHA256 (live.iso) =" + a,
                             "SHA256 (live.iso)\t=\t" + a + "\r", "SHA2-256(live.iso)= " + a,
                             "\xEF\xBB\xBF" + a + "  live.iso\r"}) {
        EXPECT_EQ(found(line), "sha256:" + a) << line;
        EXPECT_EQ(found(line + "\n" + b + "  other.iso\n"), "sha256:" + a) << line;
    }
    EXPECT_EQ(found(a + "   live.iso", "http://h/%20live.iso"), "sha256:" + a);
    EXPECT_EQ(found(a + " **live.iso", "http://h/*live.iso"), "sha256:" + a);
}

// Their digests have as many digits.
TEST(ChecksumList, OtherAlgorithmsAreNotTakenForSha) {
    const auto list =
        "BLAKE2s (live.iso) = " + b + "\nSM3 (live.iso) = " + b + "\nSHA3-256(live.iso)= " + b + "\n";
    EXPECT_TRUE(has(refusal(list, ErrorCode::Checksum), "its BLAKE2S checksum for 'live.iso' has 64 digits"));
    EXPECT_EQ(found(list + "SHA256 (live.iso) = " + a), "sha256:" + a);
    EXPECT_EQ(found(list + a + "  live.iso"), "sha256:" + a);
}

TEST(ChecksumList, ADamagedDigestIsNamed) {
    for (const std::size_t digits : {63U, 65U, 127U, 1000U}) {
        const auto words = "checksum for 'live.iso' has " + std::to_string(digits) + " digits";
        EXPECT_TRUE(has(refusal(std::string(digits, 'a') + "  live.iso\n", ErrorCode::Checksum), words))
            << digits;
        EXPECT_TRUE(
            has(refusal("SHA256 (live.iso) = " + std::string(digits, 'a'), ErrorCode::Checksum), words));
    }
    EXPECT_EQ(found(std::string(63, 'b') + "  live.iso\n" + a + "  live.iso\n"), "sha256:" + a);
}

TEST(ChecksumList, NamesThatAreEscapedOrEncoded) {
    EXPECT_EQ(found("\\" + a + "  li\\\\ve\\n.iso\n", "http://h/li%5Cve%0A.iso"), "sha256:" + a);
    EXPECT_EQ(found("\\SHA256 (li\\\\ve.iso) = " + a, "http://h/li%5Cve.iso"), "sha256:" + a);
    EXPECT_EQ(found(a + "  my live (1).iso", "http://h/my%20live%20(1).iso?token=1"), "sha256:" + a);
    EXPECT_EQ(found("SHA256 (my (1) = x.iso) = " + a, "http://h/my%20(1)%20=%20x.iso"), "sha256:" + a);
}

TEST(ChecksumList, CommentsAndSignaturesAreSkipped) {
    EXPECT_EQ(found("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# live.iso: 1000 bytes\nSHA256 "
                    "(live.iso) = " +
                    a + "\n-----BEGIN PGP SIGNATURE-----\niQ0/\n"),
              "sha256:" + a);
}

TEST(ChecksumList, FoldersDecideBetweenEqualNames) {
    const auto list = a + "  ./x86_64/live.iso\n" + b + "  aarch64/live.iso\n";
    EXPECT_EQ(found(list, "http://h/pub/aarch64/live.iso"), "sha256:" + b);
    EXPECT_EQ(found(list, "http://h/pub/x86_64/live.iso"), "sha256:" + a);
    EXPECT_TRUE(has(refusal(list, ErrorCode::Checksum), "different checksums for 'live.iso'"));
    EXPECT_EQ(found(a + "  elsewhere/live.iso"), "sha256:" + a);
}

TEST(ChecksumList, TheLongerDigestIsPreferred) {
    EXPECT_EQ(found("MD5 (live.iso) = " + std::string(32, 'd') + "\nSHA256 (live.iso) = " + a +
                    "\nSHA512 (live.iso) = " + c512 + "\n"),
              "sha512:" + c512);
}

TEST(ChecksumList, ErrorsNameTheRemedy) {
    EXPECT_TRUE(has(refusal(a + "  other.iso\n", ErrorCode::NotFound), "no checksum for 'live.iso': add it"));
    EXPECT_TRUE(has(refusal("", ErrorCode::Checksum), "empty"));
    EXPECT_TRUE(has(refusal("\n<!DOCTYPE html><p>Log in", ErrorCode::Checksum), "HTML page"));
    EXPECT_TRUE(has(refusal("hello\n" + a + "\n", ErrorCode::Checksum), "not a checksum list"));
    EXPECT_TRUE(has(refusal(std::string(32, 'd') + "  live.iso\n", ErrorCode::Checksum), "has 32 digits"));
    EXPECT_TRUE(has(refusal(a + "  live.iso\n", ErrorCode::Invalid, "http://h/pub/"), "has no file name"));
}

} // namespace
} // namespace bootferry
