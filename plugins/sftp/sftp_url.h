// SPDX-License-Identifier: LGPL-2.1-or-later
// An sftp URL taken apart (draft-ietf-secsh-scp-sftp-ssh-uri). The path is absolute; one that begins with /~/
// is taken from the user's home folder, as curl does it. There are no queries in sftp: a '?' is a part of the
// path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bootferry::sftp {

struct SftpUrl {
    std::string host; // as the resolver wants it: no brackets, a zone after a plain '%'
    std::uint16_t port = 22;
    std::string path; // percent-decoded, as it is sent to the server

    // Throws Failure(INVALID).
    [[nodiscard]] static SftpUrl parse(std::string_view text);

    // host:port, brackets around IPv6, for people.
    [[nodiscard]] std::string authority() const;
};

} // namespace bootferry::sftp
