// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). libssh2_knownhost_* reads the lines and
// compares names, hashed names and keys. What it does not have is done here, as OpenSSH does it: wildcards
// and negation in a list of names, names without regard to case, and the order in which a host with a port is
// looked for. Two things are stricter than there: a @revoked key is refused for every host, and lines of
// certificate authorities recognise nobody, since libssh2 has no certificates of hosts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host_key.h"
#include "ssh_handles.h"

namespace bootferry::sftp {

class KnownHosts {
public:
    KnownHosts();
    KnownHosts(KnownHosts&&) = default;
    KnownHosts& operator=(KnownHosts&&) = delete; // its session would go before what belongs to it
    ~KnownHosts() = default;

    // The text of one file. Returns how many lines were not understood; they recognise nobody.
    std::size_t add(std::string_view text);

    enum class Verdict { Known, Unknown, Changed, Revoked };
    [[nodiscard]] Verdict check(const std::string& host, std::uint16_t port, const HostKey& key) const;

    [[nodiscard]] bool isRevoked(const HostKey& key) const;

    // The algorithms for which the host has keys here, as hostKeyAlgorithms() has them. A server has several
    // keys, and shows one of the kind that it is asked for first.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const std::string& host, std::uint16_t port) const;

private:
    struct Line {
        std::string names; // a list of patterns, or one hashed name
        std::string key;   // "ssh-ed25519 AAAA…"

        [[nodiscard]] bool isHashed() const { return names.front() == '|'; }
    };
    bool addLine(std::string_view line);
    [[nodiscard]] KnownHostsHandle newCollection() const;
    // All lines that are about this name.
    [[nodiscard]] KnownHostsHandle linesOf(const std::string& name) const;
    // Those of the host at this port, or else those of the host.
    struct Named {
        std::string name;
        KnownHostsHandle lines;
        std::vector<std::string> algorithms; // empty: there are no lines
    };
    [[nodiscard]] Named lookUp(const std::string& host, std::uint16_t port) const;

    SessionHandle session_; // libssh2 wants one; it is never connected
    std::vector<Line> lines_;
    KnownHostsHandle revoked_;
};

// Whether a name, in lower case, matches a list such as "*.example,!bad.example" (ssh_config(5), PATTERNS).
[[nodiscard]] bool matchesPatterns(std::string_view name, std::string_view patterns);

} // namespace bootferry::sftp
