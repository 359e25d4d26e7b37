// SPDX-License-Identifier: LGPL-2.1-or-later
// A server's key, and the text that people know it by: SHA256:… as `ssh-keygen -l` prints it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootferry::sftp {

inline constexpr std::string_view base64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::size_t sha256Size = 32; // bytes

struct HostKey {
    std::string blob;        // as it goes over the wire (RFC 4253 section 6.6)
    int type = 0;            // LIBSSH2_HOSTKEY_TYPE_…
    std::string fingerprint; // SHA256:…, without padding

    // "ED25519 SHA256:…", as a person compares it.
    [[nodiscard]] std::string describe() const;
};

// From the 32 bytes of a SHA-256.
[[nodiscard]] std::string fingerprintOf(std::string_view sha256);

// Parses a fingerprint as a person writes it: SHA256:BASE64, BASE64 alone (curl's hostpubsha256), padded or
// not, or 64 hexadecimal digits. Throws Failure(INVALID), also for MD5.
[[nodiscard]] std::string parseFingerprint(std::string_view text);

// The accepted host key algorithms, the best first. An element lists those of one kind of key, separated by
// commas. Neither DSA nor RSA with SHA-1 is among them.
[[nodiscard]] const std::vector<std::string>& hostKeyAlgorithms();

// The element for a LIBSSH2_HOSTKEY_TYPE_…; empty if hostKeyAlgorithms() has none.
[[nodiscard]] std::string algorithmsOf(int type);

} // namespace bootferry::sftp
