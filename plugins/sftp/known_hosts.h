// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain and hashed names, [host]:port; hashes
// are compared by libssh. What else the format has is made safe: a @revoked key is refused for every host,
// lines of certificate authorities and wildcards recognise nobody.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host_key.h"

namespace bootferry::sftp {

class KnownHosts {
public:
    // The text of one file. Returns how many lines were not understood; they recognise nobody.
    std::size_t add(std::string_view text);

    enum class Verdict { Known, Unknown, Changed, Revoked };
    [[nodiscard]] Verdict check(const std::string& host, std::uint16_t port, const HostKey& key) const;

    // The algorithms for which the host has keys here, as hostKeyAlgorithms() has them. A server has several
    // keys, and shows one of the kind that it is asked for first.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const std::string& host, std::uint16_t port) const;

private:
    struct Entry {
        std::string line; // with nothing in front
        std::string names;
        ssh_keytypes_e type;
        std::string base64;

        [[nodiscard]] bool isOf(const std::string& host, std::uint16_t port) const;
    };
    bool addLine(std::string_view line);

    std::vector<Entry> entries_;
    std::set<std::string, std::less<>> revoked_; // keys in base64
};

} // namespace bootferry::sftp
