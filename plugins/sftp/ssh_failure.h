// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps libssh's messages and the servers' answers to the ABI's error codes and a message for the console.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host.h"

namespace bootferry::sftp {

enum class Stage { Handshake, Login, Opening, Reading };

struct SshEnd {
    Stage stage = Stage::Handshake;
    std::string detail;                      // libssh's own words
    std::optional<std::uint32_t> sftpStatus; // SSH_FX_…, where the server answered with it
    bool spokeSsh = true;                    // as far as it spoke at all
    bool peerIsGone = false;                 // the socket is at its end, or broken
    bool channelEnded = false;               // the connection lives, what it was opened for does not
    std::string authority;
    std::string path;
    std::uint64_t position = 0; // of the file, after the last byte that came
    std::optional<std::uint64_t> size;
};

[[nodiscard]] plugin::Failure failureOf(const SshEnd& end);

} // namespace bootferry::sftp
