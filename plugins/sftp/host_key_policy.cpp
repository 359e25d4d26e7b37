// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host_key_policy.h"

#include <algorithm>

#include "ssh_failure.h"
#include "ssh_handles.h"

namespace bootferry::sftp {
namespace {

std::string whatToSet(const HostKey& key) {
    return "; if that is the right server, set the option sftp:hostkey=" + key.fingerprint +
           " (rd.bootferry.option= on the kernel command line, --option= of bootferryctl), or add the key to "
           "the "
           "credential bootferry.known_hosts";
}

} // namespace

KnownHosts& HostKeyPolicy::knownHosts() {
    return known_ ? *known_ : known_.emplace();
}

std::optional<std::string> HostKeyPolicy::refusal(const SftpUrl& url, const HostKey& key) const {
    const auto whom = url.authority();
    if (known_ && known_->isRevoked(key)) {
        return "the host key of " + whom + ", " + key.describe() + ", is marked as revoked";
    }
    if (!pins_.empty()) {
        if (std::find(pins_.begin(), pins_.end(), key.fingerprint) != pins_.end()) {
            return std::nullopt;
        }
        return "the host key of " + whom + " is " + key.describe() +
               ", not the one that the option hostkey names: this may be another machine in its place";
    }
    if (acceptsAny_) {
        return std::nullopt;
    }
    if (!known_) {
        return "the host key of " + whom + " is " + key.describe() + ", and no known host key is configured" +
               whatToSet(key);
    }
    switch (known_->check(url.host, url.port, key)) {
    case KnownHosts::Verdict::Known:
        return std::nullopt;
    case KnownHosts::Verdict::Changed:
        return "the host key of " + whom + " is " + key.describe() +
               ", not the one among the known hosts: this may be another machine in its place";
    case KnownHosts::Verdict::Revoked: // see above
    case KnownHosts::Verdict::Unknown:
        break;
    }
    return whom + " is not among the known hosts, its host key is " + key.describe() + whatToSet(key);
}

std::string HostKeyPolicy::hint(const SftpUrl& url, const HostKey& key) const {
    if (known_ && known_->isRevoked(key)) {
        return ""; // no other key helps against a revocation
    }
    const auto rsa = algorithmsOf(LIBSSH2_HOSTKEY_TYPE_RSA);
    const auto wanted =
        known_ && pins_.empty() ? known_->algorithmsFor(url.host, url.port) : std::vector<std::string>();
    const bool mayBeRsa = !pins_.empty() || std::find(wanted.begin(), wanted.end(), rsa) != wanted.end();
    return mayBeRsa && !hasRsaWithSha2()
               ? std::string("; if the right key is an RSA key: libssh2 ") + libssh2_version(0) +
                     " cannot ask for it, name the server's Ed25519 or ECDSA key"
               : "";
}

std::vector<std::string> HostKeyPolicy::algorithmsFor(const SftpUrl& url) const {
    auto algorithms =
        known_ && pins_.empty() ? known_->algorithmsFor(url.host, url.port) : std::vector<std::string>();
    for (const auto& algorithm : hostKeyAlgorithms()) {
        if (std::find(algorithms.begin(), algorithms.end(), algorithm) == algorithms.end()) {
            algorithms.push_back(algorithm);
        }
    }
    return algorithms;
}

} // namespace bootferry::sftp
