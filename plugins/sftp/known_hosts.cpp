// SPDX-License-Identifier: LGPL-2.1-or-later
#include "known_hosts.h"

#include <array>
#include <new>
#include <sstream>

namespace bootferry::sftp {
namespace {

struct KeyType {
    int hostKey;   // LIBSSH2_HOSTKEY_TYPE_…
    int knownHost; // LIBSSH2_KNOWNHOST_KEY_…
};

constexpr std::array keyTypes{
    KeyType{LIBSSH2_HOSTKEY_TYPE_ED25519, LIBSSH2_KNOWNHOST_KEY_ED25519},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_256, LIBSSH2_KNOWNHOST_KEY_ECDSA_256},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_384, LIBSSH2_KNOWNHOST_KEY_ECDSA_384},
    KeyType{LIBSSH2_HOSTKEY_TYPE_ECDSA_521, LIBSSH2_KNOWNHOST_KEY_ECDSA_521},
    KeyType{LIBSSH2_HOSTKEY_TYPE_RSA, LIBSSH2_KNOWNHOST_KEY_SSHRSA},
};

int knownHostType(int hostKeyType) {
    for (const auto& type : keyTypes) {
        if (type.hostKey == hostKeyType) {
            return type.knownHost;
        }
    }
    return LIBSSH2_KNOWNHOST_KEY_UNKNOWN; // matches nothing
}

} // namespace

KnownHosts::KnownHosts() : session_(libssh2_session_init()) {
    hosts_.reset(session_ ? libssh2_knownhost_init(session_.get()) : nullptr);
    if (!hosts_) {
        throw std::bad_alloc();
    }
}

std::size_t KnownHosts::add(std::string_view text) {
    std::size_t notUnderstood = 0;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        notUnderstood += addLine(line) ? 0U : 1U;
    }
    return notUnderstood;
}

bool KnownHosts::addLine(const std::string& line) {
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] == '#') {
        return true;
    }
    if (line[first] != '@') {
        return libssh2_knownhost_readline(hosts_.get(), line.data(), line.size(),
                                          LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0;
    }
    std::istringstream words(line);
    std::string marker;
    std::string hosts;
    std::string algorithm;
    std::string key;
    if (!(words >> marker >> hosts >> algorithm >> key) || marker != "@revoked") {
        return false;
    }
    revoked_.insert(key);
    return true;
}

int KnownHosts::lookUp(const std::string& host, std::uint16_t port, std::string_view blob, int type) const {
    return libssh2_knownhost_checkp(
        hosts_.get(), host.c_str(), port, blob.data(), blob.size(),
        LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | knownHostType(type), nullptr);
}

KnownHosts::Verdict KnownHosts::check(const std::string& host, std::uint16_t port, const HostKey& key) const {
    if (revoked_.contains(base64(key.blob, true))) {
        return Verdict::Revoked;
    }
    if (lookUp(host, port, key.blob, key.type) == LIBSSH2_KNOWNHOST_CHECK_MATCH) {
        return Verdict::Known;
    }
    // A host that is known by a key of another kind only is one whose key changed.
    return algorithmsFor(host, port).empty() ? Verdict::Unknown : Verdict::Changed;
}

std::vector<std::string> KnownHosts::algorithmsFor(const std::string& host, std::uint16_t port) const {
    constexpr std::string_view nobodysKey = "nobody's";
    std::vector<std::string> algorithms;
    for (const auto& type : keyTypes) {
        if (lookUp(host, port, nobodysKey, type.hostKey) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH) {
            algorithms.push_back(algorithmOf(type.hostKey));
        }
    }
    return algorithms;
}

} // namespace bootferry::sftp
