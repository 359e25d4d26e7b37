// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). libssh2_knownhost_* reads the lines and
// compares names, hashed names and keys. This file adds what libssh2 lacks, with the rules of OpenSSH:
// wildcards and negation in a list of names, names without regard to case, and the order in which a host with
// a port is looked for. Two rules are stricter than those of OpenSSH: a @revoked key is refused for every
// host, and lines of certificate authorities match no host, since libssh2 does not support certificates of
// hosts.
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
    // Deleted: it would free the session before the objects that belong to it.
    KnownHosts& operator=(KnownHosts&&) = delete;
    ~KnownHosts() = default;

    // Adds the text of one file. Returns the number of lines that were not understood; they match no host.
    std::size_t add(std::string_view text);

    enum class Verdict { Known, Unknown, Changed, Revoked };
    [[nodiscard]] Verdict check(const std::string& host, std::uint16_t port, const HostKey& key) const;

    [[nodiscard]] bool isRevoked(const HostKey& key) const;

    // The elements of hostKeyAlgorithms() for which the host has known keys. A server has several keys, and
    // shows one of the kind that is requested first.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const std::string& host, std::uint16_t port) const;

private:
    struct Line {
        std::string names; // a list of patterns, or one hashed name
        std::string key;   // "ssh-ed25519 AAAA…"

        [[nodiscard]] bool isHashed() const { return names.front() == '|'; }
    };
    bool addLine(std::string_view line);
    [[nodiscard]] KnownHostsHandle newCollection() const;
    // All lines that match this name.
    [[nodiscard]] KnownHostsHandle linesOf(const std::string& name) const;
    // The lines of the host at this port; if there are none, those of the host.
    struct Named {
        std::string name;
        KnownHostsHandle lines;
        std::vector<std::string> algorithms; // empty: there are no lines
    };
    [[nodiscard]] Named lookUp(const std::string& host, std::uint16_t port) const;

    SessionHandle session_; // libssh2 requires one; it is never connected
    std::vector<Line> lines_;
    KnownHostsHandle revoked_;
};

// Whether a name, in lower case, matches a list such as "*.example,!bad.example" (ssh_config(5), PATTERNS).
[[nodiscard]] bool matchesPatterns(std::string_view name, std::string_view patterns);

} // namespace bootferry::sftp
