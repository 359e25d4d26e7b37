// SPDX-License-Identifier: LGPL-2.1-or-later
#include "openpgp_keys.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "errors.h"
#include "files.h"

namespace bootferry {
namespace {

// Only the first byte matters here: an old and a new packet with a public key.
const std::string binary = "\x99\x01\x02\x03";
const std::string armoured = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                             "Comment: of a test\n"
                             "\n"
                             "mQEC\n"
                             "Aw==\n"
                             "=abcd\n"
                             "-----END PGP PUBLIC KEY BLOCK-----\n";

std::string whyNot(const std::string& text) {
    try {
        (void)binaryKeys(text, "x.gpg");
        return "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
}

TEST(OpenpgpKeys, BinaryOnesStayAsTheyAre) {
    EXPECT_EQ(binaryKeys(binary, "x"), binary);
    EXPECT_EQ(binaryKeys("\xc6\x01", "x"), "\xc6\x01");
}

TEST(OpenpgpKeys, ArmourIsRemoved) {
    EXPECT_EQ(binaryKeys(armoured, "x"), binary);
    EXPECT_EQ(binaryKeys("a remark\n" + armoured + armoured, "x"), binary + binary);
    std::string windows;
    for (const char c : armoured) {
        windows += c == '\n' ? "\r\n" : std::string(1, c);
    }
    EXPECT_EQ(binaryKeys(windows, "x"), binary);
}

TEST(OpenpgpKeys, WhatIsNotAPublicKeyIsRefused) {
    EXPECT_NE(whyNot("").find("not OpenPGP keys"), std::string::npos);
    EXPECT_NE(whyNot("hello\n").find("gpg --export"), std::string::npos);
    EXPECT_NE(whyNot("\x95\x01").find("public key"), std::string::npos); // a secret one
    EXPECT_NE(whyNot(std::string("\0\0\0\x20\1\1\0\2KBXf", 12)).find("keybox"), std::string::npos);
}

TEST(OpenpgpKeys, ADamagedFileIsNoKeyLess) {
    EXPECT_NE(whyNot(armoured.substr(0, armoured.size() - 40)).find("cut"), std::string::npos);
    auto changed = armoured;
    changed.replace(changed.find("mQEC"), 4, "mQ-C");
    EXPECT_NE(whyNot(changed).find("damaged"), std::string::npos);
    changed.replace(changed.find("mQ-C"), 4, "mQE");
    EXPECT_NE(whyNot(changed).find("damaged"), std::string::npos);
    EXPECT_NE(whyNot(armoured + armoured.substr(0, 60)).find("cut"), std::string::npos);
}

TEST(OpenpgpKeys, AFolderHoldsFilesOfBothKinds) {
    const auto folder = std::filesystem::temp_directory_path() / "bootferry-openpgp-keys-test";
    std::filesystem::remove_all(folder);
    EXPECT_EQ(keysFromFolder(folder), "");
    writeFileAtomically(folder / "a.gpg", binary);
    writeFileAtomically(folder / "b.asc", armoured);
    writeFileAtomically(folder / "README", "not a key");
    EXPECT_EQ(keysFromFolder(folder), binary + binary);
    writeFileAtomically(folder / "c.asc", "not a key");
    EXPECT_THROW((void)keysFromFolder(folder), Error);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace bootferry
