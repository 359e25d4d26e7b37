// SPDX-License-Identifier: LGPL-2.1-or-later
// Two public keys made for these tests by ssh-keygen, and what it prints of them. Their private halves are
// gone.
#pragma once

#include <string>
#include <string_view>

#include <libssh2.h>
#include <openssl/evp.h>

#include "host_key.h"

namespace bootferry::sftp {

inline constexpr std::string_view firstKey =
    "AAAAC3NzaC1lZDI1NTE5AAAAIDFUEyBLhjGVOWSnQXu2RDMnr/zSMLy7t9FNLu8dKTRw";
inline constexpr std::string_view firstFingerprint = "SHA256:s3AhSK2wP/9OO4yDV+FWuvM5NFlqQYmmoMYK47eoD8o";
inline constexpr std::string_view firstHex =
    "b3702148adb03fff4e3b8c8357e156baf33934596a4189a6a0c60ae3b7a80fca";
inline constexpr std::string_view secondKey =
    "AAAAC3NzaC1lZDI1NTE5AAAAIE4P71O8Aif9kEsKdYGBOdzqxK+2gVSuOG/vpmDpcuFo";
// "files.example" with the first key, by ssh-keygen -H.
inline constexpr std::string_view hashedLine =
    "|1|Hkll0ODEeGPuuahLOp02/B283Ac=|Q4rCYV0siL9xnwVOIhCj2n7wyX0= ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIDFUEyBLhjGVOWSnQXu2RDMnr/zSMLy7t9FNLu8dKTRw\n";

// Decodes base64 without padding.
inline std::string decoded(std::string_view base64Text) {
    std::string bytes(base64Text.size() / 4 * 3, '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                    reinterpret_cast<const unsigned char*>(base64Text.data()),
                    static_cast<int>(base64Text.size()));
    return bytes;
}

inline HostKey ed25519(std::string_view base64Text) {
    return {.blob = decoded(base64Text),
            .type = LIBSSH2_HOSTKEY_TYPE_ED25519,
            .fingerprint = std::string(firstFingerprint)};
}

inline std::string line(std::string_view hosts, std::string_view key) {
    return std::string(hosts) + " ssh-ed25519 " + std::string(key) + " a comment\n";
}

} // namespace bootferry::sftp
