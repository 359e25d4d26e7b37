// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of an sftp URL (draft-ietf-secsh-scp-sftp-ssh-uri). The path is absolute; one that begins with
// /~/ is relative to the user's home folder, as in curl. sftp has no queries: a '?' is a part of the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bootferry::sftp {

struct SftpUrl {
    std::string host; // in the resolver's form: no brackets, a zone after a plain '%'
    std::uint16_t port = 22;
    std::string path; // percent-decoded, as it is sent to the server

    // Throws Failure(INVALID).
    [[nodiscard]] static SftpUrl parse(std::string_view text);

    // host:port, brackets around IPv6, for people.
    [[nodiscard]] std::string authority() const;
};

} // namespace bootferry::sftp
