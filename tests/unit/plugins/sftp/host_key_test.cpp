// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key.h"

#include <gtest/gtest.h>

#include "host.h"
#include "ssh_handles.h"
#include "test_keys.h"

namespace bootferry::sftp {
namespace {

TEST(HostKeyTest, IsWrittenAsInKnownHosts) {
    ssh_key imported = nullptr;
    ASSERT_EQ(ssh_pki_import_pubkey_base64(std::string(firstKey).c_str(), SSH_KEYTYPE_ED25519, &imported),
              SSH_OK);
    const KeyHandle owner(imported);
    const auto key = HostKey::of(imported);
    EXPECT_EQ(key.base64, firstKey);
    EXPECT_EQ(key.type, SSH_KEYTYPE_ED25519);
    EXPECT_EQ(key.fingerprint, firstFingerprint);
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
    EXPECT_EQ(algorithmsOf(SSH_KEYTYPE_ECDSA_P384), "ecdsa-sha2-nistp384");
    EXPECT_EQ(algorithmsOf(SSH_KEYTYPE_RSA), "rsa-sha2-512,rsa-sha2-256");
    EXPECT_EQ(algorithmsOf(SSH_KEYTYPE_DSS), "");
    EXPECT_EQ(hostKeyAlgorithms().front(), "ssh-ed25519");
}

} // namespace
} // namespace bootferry::sftp
