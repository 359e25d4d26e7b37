// SPDX-License-Identifier: LGPL-2.1-or-later
// A server's key, and the text that people know it by: SHA256:… as `ssh-keygen -l` prints it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <libssh/libssh.h>

namespace bootferry::sftp {

struct HostKey {
    std::string base64; // as it stands in known_hosts and goes over the wire (RFC 4253 section 6.6)
    ssh_keytypes_e type = SSH_KEYTYPE_UNKNOWN;
    std::string fingerprint; // SHA256:…, without padding

    static HostKey of(ssh_key key);

    // "ED25519 SHA256:…", as a person compares it.
    [[nodiscard]] std::string describe() const;
};

// What a person gives: SHA256:BASE64, BASE64 alone (curl's hostpubsha256), padded or not, or 64 hexadecimal
// digits. Throws Failure(INVALID), for MD5 as well.
[[nodiscard]] std::string parseFingerprint(std::string_view text);

// The host key algorithms that are accepted, the best first, those of one kind of key in one word with commas
// between. Neither DSA nor RSA with SHA-1 is among them.
[[nodiscard]] const std::vector<std::string>& hostKeyAlgorithms();

// Those of one kind of key; empty where none of hostKeyAlgorithms() is of it.
[[nodiscard]] std::string algorithmsOf(ssh_keytypes_e type);

} // namespace bootferry::sftp
