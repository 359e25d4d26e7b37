// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps libssh2's results and the servers' answers to the ABI's error codes and a message for the console.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host.h"

namespace bootferry::sftp {

enum class Stage { Handshake, Login, Opening, Reading };

struct SshEnd {
    Stage stage = Stage::Handshake;
    int code = 0;                 // LIBSSH2_ERROR_…
    std::string detail;           // libssh2's own words
    unsigned long sftpStatus = 0; // LIBSSH2_FX_…, where code is LIBSSH2_ERROR_SFTP_PROTOCOL
    std::string greeting;         // what the server sent first, as far as it is kept
    std::string farewell;         // the server's words of its SSH_MSG_DISCONNECT
    bool peerIsGone = false;      // the socket is at its end, or broken
    bool isBeforeSftp = false;    // the channel is open, and sftp has not begun in it
    bool channelEnded = false;    // the connection is alive, but its channel has ended
    std::string authority;
    std::string path;
    std::uint64_t position = 0; // of the file, after the last byte that came
    std::optional<std::uint64_t> size;
};

// Whether a greeting contains the first line of an SSH server (RFC 4253 section 4.2).
[[nodiscard]] bool speaksSsh(const std::string& greeting);

[[nodiscard]] plugin::Failure failureOf(const SshEnd& end);

// What this machine's libssh2 lacks, and what helps; empty if it lacks nothing.
[[nodiscard]] std::string whatLibssh2Lacks();

// Whether this machine's libssh2 signs, and proves signatures, with RSA and SHA-2.
[[nodiscard]] bool hasRsaWithSha2();

} // namespace bootferry::sftp
