// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gpgv_status.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr const char* good = "[GNUPG:] GOODSIG 89ABCDEF01234567 Alice <alice@example.org>\n";
constexpr const char* begin = "[GNUPG:] NEWSIG alice@example.org\n";
constexpr const char* unknown = "[GNUPG:] NEWSIG\n"
                                "[GNUPG:] ERRSIG FEDCBA9876543210 22 8 00 1796023584 9 AAAA\n"
                                "[GNUPG:] NO_PUBKEY FEDCBA9876543210\n";
const std::string fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
const std::string primary = "1111222233334444555566667777888899990000";

std::string valid(const std::string& hash = "8", const std::string& kind = "00") {
    return "[GNUPG:] VALIDSIG " + fingerprint + " 2026-11-30 1796023584 0 4 0 22 " + hash + " " + kind + " " +
           primary + "\n";
}

std::string judged(const std::string& status, int exitStatus = 0,
                   SignatureForm form = SignatureForm::Detached) {
    return judgeSignature({.status = status, .exitStatus = exitStatus}, form, 86'400);
}

std::string whyNot(const std::string& status, int exitStatus = 0,
                   SignatureForm form = SignatureForm::Detached) {
    try {
        return "accepted: " + judged(status, exitStatus, form);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Checksum);
        return error.what();
    }
}

#define EXPECT_REFUSED(words, ...)                                                                           \
    EXPECT_NE(whyNot(__VA_ARGS__).find(words), std::string::npos) << whyNot(__VA_ARGS__)

TEST(GpgvStatus, AGoodAndValidSignatureNamesItsSigner) {
    EXPECT_EQ(judged(std::string(begin) + good + valid()), primary + " Alice <alice@example.org>");
    EXPECT_EQ(judged(std::string(good) + valid()), primary + " Alice <alice@example.org>"); // an old gpgv
}

TEST(GpgvStatus, AnUnknownKeyBesideItDoesNoHarm) {
    const auto one = std::string(begin) + good + valid();
    for (const auto& both : {one + unknown, unknown + one}) {
        EXPECT_EQ(judged(both, 2), primary + " Alice <alice@example.org>");
    }
    EXPECT_REFUSED("cannot read", one, 2); // what has failed?
    EXPECT_REFUSED("cannot read", one + unknown, 1);
}

// Anybody can take the signature out of a message and put it beside a text that has more at the ends of
// lines.
TEST(GpgvStatus, ASignatureOfATextIsOneOfAMessageOnly) {
    const auto ofText = begin + (good + valid("8", "01"));
    const auto ofBytes = begin + (good + valid("8", "00"));
    const std::string plaintext = "[GNUPG:] PLAINTEXT 74 0 \n";
    EXPECT_REFUSED("text mode beside the list", ofText);
    EXPECT_REFUSED("text mode beside the list", ofText + unknown, 2);
    EXPECT_REFUSED("not accepted", plaintext + ofBytes, 0, SignatureForm::Inline);
    EXPECT_EQ(judged(plaintext + ofText, 0, SignatureForm::Inline), primary + " Alice <alice@example.org>");
}

TEST(GpgvStatus, HalfOfItIsNotEnough) {
    EXPECT_REFUSED("no OpenPGP signature", "");
    EXPECT_REFUSED("no OpenPGP signature", "[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2\n", 2);
    EXPECT_REFUSED("no OpenPGP signature", std::string(begin) + good);
    EXPECT_REFUSED("not accepted", std::string(begin) + valid());
    EXPECT_REFUSED("not accepted", begin + valid() + begin + good); // of two signatures
}

TEST(GpgvStatus, TheGoodAndTheValidOneAreTheSame) {
    EXPECT_REFUSED("not accepted", std::string("[GNUPG:] GOODSIG 89ABCDEF01234568 Alice\n") + valid());
}

TEST(GpgvStatus, OneThatIsBadSpoilsAll) {
    const auto one = std::string(begin) + good + valid();
    EXPECT_REFUSED("was changed", one + begin + "[GNUPG:] BADSIG 89ABCDEF01234567 Alice\n");
    EXPECT_REFUSED("was changed", std::string(begin) + "[GNUPG:] BADSIG 89ABCDEF01234567 Alice\n" + one);
    EXPECT_REFUSED("key that has expired", begin + ("[GNUPG:] EXPKEYSIG 89ABCDEF01234567 Alice\n" + valid()));
    EXPECT_REFUSED("1970-01-02 00:00", begin + ("[GNUPG:] EXPKEYSIG 89ABCDEF01234567 Alice\n" + valid()));
    EXPECT_REFUSED("was revoked", begin + ("[GNUPG:] REVKEYSIG 89ABCDEF01234567 Alice\n" + valid()));
    EXPECT_REFUSED("signature has expired", begin + ("[GNUPG:] EXPSIG 89ABCDEF01234567 Alice\n" + valid()));
}

TEST(GpgvStatus, AnUnknownKeyIsNamed) {
    EXPECT_REFUSED("FEDCBA9876543210, which is not one of the trusted keys", unknown, 2);
}

TEST(GpgvStatus, AWrongClockIsNamed) {
    const std::string early = "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG FEDCBA9876543210 22 8 00 1796023584 6 AAAA\n";
    EXPECT_REFUSED("cannot check", early, 2);
    EXPECT_REFUSED("clock says 1970-01-02 00:00 UTC", early, 2);
}

TEST(GpgvStatus, AHashThatCanBeForgedIsNotAccepted) {
    for (const auto* hash : {"1", "2", "3", "", "80"}) {
        EXPECT_REFUSED("not accepted", std::string(begin) + good + valid(hash));
    }
    EXPECT_REFUSED("not accepted", std::string(begin) + good + valid("8", "10")); // over a key
}

TEST(GpgvStatus, WhatIsSignedInlineIsOneText) {
    const auto one = std::string(begin) + good + valid("8", "01");
    const std::string text = "[GNUPG:] PLAINTEXT 74 0 \n";
    EXPECT_EQ(judged(text + one, 0, SignatureForm::Inline), primary + " Alice <alice@example.org>");
    EXPECT_REFUSED("cannot read", one, 0, SignatureForm::Inline);
    EXPECT_REFUSED("cannot read", text + text + one, 0, SignatureForm::Inline);
    EXPECT_REFUSED("not accepted", text + one, 0, SignatureForm::Detached);
    EXPECT_REFUSED("cannot read", text + one + "[GNUPG:] ERROR proc_pkt.plaintext 89\n", 0,
                   SignatureForm::Inline);
    EXPECT_REFUSED("cannot read", text + one + "[GNUPG:] UNEXPECTED 1\n", 0, SignatureForm::Inline);
}

TEST(GpgvStatus, WhatItSaysIsMadePlain) {
    const auto signer = judged("[GNUPG:] GOODSIG 89ABCDEF01234567 Al\x1b[2Jice\xff" + std::string(4096, 'x') +
                               "\n" + valid());
    EXPECT_EQ(signer.find('\x1b'), std::string::npos);
    EXPECT_LT(signer.size(), 256U);
    EXPECT_REFUSED("cannot be read", "gpgv: GOODSIG\n");
}

} // namespace
} // namespace bootferry
