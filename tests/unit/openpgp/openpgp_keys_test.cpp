// SPDX-License-Identifier: LGPL-2.1-or-later
#include "openpgp_keys.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "errors.h"
#include "files.h"

namespace bootferry {
namespace {

// Only tags and lengths matter here: an old packet with a public key.
const std::string binary("\x99\x00\x02\x03\x04", 5);
const std::string armoured = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                             "Comment: of a test\n"
                             "\n"
                             "mQAC\n"
                             "AwQ=\n"
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
    // New packets with lengths of one, two and five octets, and other packets of a key behind them.
    const std::string one("\xc6\x01k", 3);
    const auto two = std::string("\xc6\xc0\x01", 3) + std::string(193, 'k');
    const auto five = std::string("\xc6\xff\0\0\0\x02", 6) + "kk";
    const auto old = std::string("\x98\x01k", 3) + std::string("\x9a\0\0\0\x01k", 6);
    for (const auto& keys : {one, two, five, old, one + "\xcd\x02id" + "\xc2\x01s" + "\xce\x01k" + two}) {
        EXPECT_EQ(binaryKeys(keys, "x"), keys);
    }
}

// gpgv stops at the first packet that it cannot read.
TEST(OpenpgpKeys, WhatIsBehindAKeyIsReadable) {
    const std::string one("\xc6\x01k", 3);
    for (const auto& rest :
         {std::string("\n"), std::string(10, '\0'), std::string("\xc6"), std::string("\xc6\x02k"),
          std::string("\xc6\xe1k"), std::string("\xc6\xc0"), std::string("\xc6\xff\0\0", 4),
          std::string("\xc6\xff\xff\xff\xff\xffk"), std::string("\x9bk"), std::string("\x99\x01"),
          std::string("\xc0\x01k"), std::string("\x80\x01k")}) {
        EXPECT_NE(whyNot(one + rest).find("'x.gpg': they are cut or damaged"), std::string::npos);
    }
    EXPECT_NE(whyNot(one + "\xc5\x01k").find("secret"), std::string::npos);
    EXPECT_NE(whyNot(one.substr(0, 2)).find("cut or damaged"), std::string::npos);
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
    changed.replace(changed.find("mQAC"), 4, "mQ-C");
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
