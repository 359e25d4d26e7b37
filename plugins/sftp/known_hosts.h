// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), read and compared by libssh2: plain and
// hashed names, [host]:port. What libssh2 does not know is made safe here: a @revoked key is refused for
// every host, lines of certificate authorities and wildcards recognise nobody.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host_key.h"
#include "ssh_handles.h"

namespace bootferry::sftp {

class KnownHosts {
public:
    KnownHosts();

    // The text of one file. Returns how many lines were not understood; they recognise nobody.
    std::size_t add(std::string_view text);

    enum class Verdict { Known, Unknown, Changed, Revoked };
    [[nodiscard]] Verdict check(const std::string& host, std::uint16_t port, const HostKey& key) const;

    // The algorithms for which the host has keys here. A server has several keys, and shows one of the kind
    // that it is asked for first.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const std::string& host, std::uint16_t port) const;

private:
    bool addLine(const std::string& line);
    [[nodiscard]] int lookUp(const std::string& host, std::uint16_t port, std::string_view blob,
                             int type) const;

    SessionHandle session_; // libssh2 wants one; it is never connected
    KnownHostsHandle hosts_;
    std::set<std::string, std::less<>> revoked_; // keys in base64
};

} // namespace bootferry::sftp
