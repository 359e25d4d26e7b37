// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key.h"

#include <array>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "host.h"
#include "test_keys.h"

namespace bootferry::sftp {
namespace {

TEST(HostKeyTest, AFingerprintIsOfTheSha256OfTheKey) {
    const auto key = decoded(firstKey);
    std::array<char, 32> digest{};
    ASSERT_EQ(EVP_Digest(key.data(), key.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                         EVP_sha256(), nullptr),
              1);
    EXPECT_EQ(fingerprintOf({digest.data(), digest.size()}), firstFingerprint);
}

TEST(HostKeyTest, FingerprintsAreWrittenInSeveralWays) {
    const std::string plain(firstFingerprint.substr(7));
    for (const auto& text : {std::string(firstFingerprint), std::string(firstFingerprint) + "=", plain,
                             plain + "=", std::string(firstHex)}) {
        EXPECT_EQ(parseFingerprint(text), firstFingerprint) << text;
    }
}

TEST(HostKeyTest, WhatIsNoFingerprintIsRefused) {
    for (const auto& text :
         {std::string(), std::string("SHA256:"), std::string(firstFingerprint.substr(0, 49)),
          std::string(firstFingerprint) + "==", "SHA256:" + std::string(firstHex),
          "SHA512:" + std::string(firstFingerprint.substr(7)),
          std::string("MD5:d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e"),
          std::string("d41d8cd98f00b204e9800998ecf8427e"), std::string(64, 'g')}) {
        EXPECT_THROW((void)parseFingerprint(text), plugin::Failure) << text;
    }
}

TEST(HostKeyTest, IsDescribedAsSshKeygenDoes) {
    EXPECT_EQ(ed25519(firstKey).describe(), "ED25519 " + std::string(firstFingerprint));
    EXPECT_EQ(algorithmsOf(LIBSSH2_HOSTKEY_TYPE_ECDSA_384), "ecdsa-sha2-nistp384");
    EXPECT_EQ(algorithmsOf(LIBSSH2_HOSTKEY_TYPE_RSA), "rsa-sha2-512,rsa-sha2-256");
    EXPECT_EQ(algorithmsOf(LIBSSH2_HOSTKEY_TYPE_DSS), "");
    EXPECT_EQ(hostKeyAlgorithms().front(), "ssh-ed25519");
}

} // namespace
} // namespace bootferry::sftp
