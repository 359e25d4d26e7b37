// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether to accept a server's host key. A key that the known hosts revoke is always refused.
// Otherwise a pinned fingerprint decides alone; without one, `insecure` accepts any key; without that, the
// known hosts decide. There is no trust on first use: at boot nobody can confirm a key, and the answer would
// not be stored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "known_hosts.h"
#include "sftp_url.h"

namespace bootferry::sftp {

class HostKeyPolicy {
public:
    void pin(std::string fingerprint) { pins_.push_back(std::move(fingerprint)); }
    void acceptAny() { acceptsAny_ = true; }
    KnownHosts& knownHosts(); // created at first use

    // Why the key is refused, as a sentence that says what to do; nothing: it is accepted.
    [[nodiscard]] std::optional<std::string> refusal(const SftpUrl& url, const HostKey& key) const;

    // A likely cause of a refusal, as a part of its sentence; often empty.
    [[nodiscard]] std::string hint(const SftpUrl& url, const HostKey& key) const;

    // The algorithms to request from the server, the best first. At least one.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const SftpUrl& url) const;

    // True if the fingerprint is pinned: another key of the same server may be the right one, so that the
    // next kind is requested.
    [[nodiscard]] bool mayKnowAnotherKey() const { return !pins_.empty(); }

private:
    std::vector<std::string> pins_;
    bool acceptsAny_ = false;
    std::optional<KnownHosts> known_;
};

} // namespace bootferry::sftp
