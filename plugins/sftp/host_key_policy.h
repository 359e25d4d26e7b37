// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether to accept a server's host key. A key that the known hosts revoke is refused, whatever else
// is configured; otherwise a pinned fingerprint decides alone; otherwise `insecure` accepts any key;
// otherwise the known hosts decide. There is no trust on first use: at boot nobody can confirm a key, and the
// answer would not be stored.
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
    KnownHosts& knownHosts(); // made when it is first asked for

    // Why the key is refused, as a sentence that says what to do; nothing: it is accepted.
    [[nodiscard]] std::optional<std::string> refusal(const SftpUrl& url, const HostKey& key) const;

    // What may be behind a refusal, as a part of its sentence; often empty.
    [[nodiscard]] std::string hint(const SftpUrl& url, const HostKey& key) const;

    // What to ask the server for, the best first. At least one.
    [[nodiscard]] std::vector<std::string> algorithmsFor(const SftpUrl& url) const;

    // With a pin another key of the same server may be the right one: it is worth asking for the next kind.
    [[nodiscard]] bool mayKnowAnotherKey() const { return !pins_.empty(); }

private:
    std::vector<std::string> pins_;
    bool acceptsAny_ = false;
    std::optional<KnownHosts> known_;
};

} // namespace bootferry::sftp
