// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encrypted_image.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(EncryptedImage, KiwisProfileTellsOfAnEmptyPassphrase) {
    EXPECT_TRUE(hasEmptyPassphrase("kiwi_vga='0x317'\nkiwi_luks_empty_passphrase='true'\nkiwi_iname='a'\n"));
    for (const char* profile :
         {"", "kiwi_luks_empty_passphrase='false'\n", "# kiwi_luks_empty_passphrase='true'\n"}) {
        EXPECT_FALSE(hasEmptyPassphrase(profile)) << profile;
    }
}

TEST(EncryptedImage, IsRecognisedByItsSignature) {
    EXPECT_TRUE(isEncrypted({.kind = Contents::Kind::Foreign, .type = "crypto_LUKS"}));
    EXPECT_FALSE(isEncrypted({.kind = Contents::Kind::FileSystem, .type = "squashfs"}));
}

} // namespace
} // namespace bootferry
