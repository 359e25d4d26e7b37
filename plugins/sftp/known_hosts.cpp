// SPDX-License-Identifier: LGPL-2.1-or-later
#include "known_hosts.h"

#include <algorithm>
#include <array>
#include <new>

#include "ascii_text.h"

namespace bootferry::sftp {
namespace {

constexpr const char* everyHost = "revoked"; // the name under which revoked keys are kept

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

// Removes the next word from the text and returns it; empty if there is none.
std::string_view takeWord(std::string_view& text, std::string_view separators) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    const auto word = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(word.size());
    return word;
}

bool isSha1InBase64(std::string_view text) {
    return text.size() == 28 && text.find_first_not_of(base64Alphabet) == 27 && text.back() == '=';
}

// "|1|SALT|HASH", both as long as a SHA-1. libssh2 1.10 accepts others, and leaks memory at each comparison
// with a hash of another length.
bool isHashedName(std::string_view text) {
    constexpr std::string_view begin = "|1|";
    if (!text.starts_with(begin)) {
        return false;
    }
    text.remove_prefix(begin.size());
    const auto bar = text.find('|');
    return bar != std::string_view::npos && isSha1InBase64(text.substr(0, bar)) &&
           isSha1InBase64(text.substr(bar + 1));
}

// '*' stands for any characters, '?' for one. Backtracks to the last '*' only, so that the time is at most
// the product of both lengths.
bool matchesPattern(std::string_view name, std::string_view pattern) {
    std::size_t n = 0;
    std::size_t p = 0;
    auto star = std::string_view::npos;
    std::size_t afterStar = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            afterStar = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || plugin::lowered(pattern[p]) == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++afterStar;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

int compare(LIBSSH2_KNOWNHOSTS* hosts, const std::string& name, std::string_view blob, int type) {
    const auto known = std::find_if(keyTypes.begin(), keyTypes.end(),
                                    [type](const KeyType& entry) { return entry.hostKey == type; });
    if (known == keyTypes.end()) {
        return LIBSSH2_KNOWNHOST_CHECK_NOTFOUND;
    }
    return libssh2_knownhost_check(
        hosts, name.c_str(), blob.data(), blob.size(),
        LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | known->knownHost, nullptr);
}

bool readLine(LIBSSH2_KNOWNHOSTS* hosts, const std::string& line) {
    return libssh2_knownhost_readline(hosts, line.data(), line.size(), LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0;
}

} // namespace

bool matchesPatterns(std::string_view name, std::string_view patterns) {
    bool matches = false;
    while (!patterns.empty()) {
        auto pattern = takeWord(patterns, ",");
        if (pattern.starts_with('!')) {
            pattern.remove_prefix(1);
            if (!pattern.empty() && matchesPattern(name, pattern)) {
                return false; // whatever else matches
            }
        } else if (!pattern.empty() && matchesPattern(name, pattern)) {
            matches = true;
        }
    }
    return matches;
}

KnownHosts::KnownHosts() : session_(libssh2_session_init()) {
    if (!session_) {
        throw std::bad_alloc();
    }
    revoked_ = newCollection();
}

KnownHostsHandle KnownHosts::newCollection() const {
    KnownHostsHandle collection(libssh2_knownhost_init(session_.get()));
    if (!collection) {
        throw std::bad_alloc();
    }
    return collection;
}

std::size_t KnownHosts::add(std::string_view text) {
    std::size_t notUnderstood = 0;
    while (!text.empty()) {
        notUnderstood += addLine(takeWord(text, "\r\n")) ? 0U : 1U;
    }
    return notUnderstood;
}

bool KnownHosts::addLine(std::string_view line) {
    constexpr std::string_view blank = " \t";
    const auto first = takeWord(line, blank);
    if (first.empty() || first.front() == '#') {
        return true;
    }
    const bool marked = first.front() == '@';
    const std::string names(marked ? takeWord(line, blank) : first);
    const std::string algorithm(takeWord(line, blank));
    const std::string key(takeWord(line, blank));
    if (key.empty() || (marked && first != "@revoked")) {
        return false;
    }
    Line read{.names = names, .key = algorithm + " " + key};
    if (marked) {
        return readLine(revoked_.get(), everyHost + (" " + read.key));
    }
    if (read.isHashed() && !isHashedName(names)) { // a hashed name is the only one of its line
        return false;
    }
    const auto trial = newCollection();
    if (!readLine(trial.get(), (read.isHashed() ? names : std::string(everyHost)) + " " + read.key)) {
        return false;
    }
    lines_.push_back(std::move(read));
    return true;
}

KnownHostsHandle KnownHosts::linesOf(const std::string& name) const {
    auto collection = newCollection();
    for (const auto& line : lines_) {
        if (line.isHashed()) {
            (void)readLine(collection.get(), line.names + " " + line.key);
        } else if (matchesPatterns(name, line.names)) {
            (void)readLine(collection.get(), name + " " + line.key);
        }
    }
    return collection;
}

// OpenSSH looks for a host at an unusual port as "[host]:port", and without the port only if no line has that
// name.
KnownHosts::Named KnownHosts::lookUp(const std::string& host, std::uint16_t port) const {
    constexpr std::string_view nobodysKey = "nobody's";
    Named named;
    const auto plain = plugin::lowered(host);
    for (const auto& name : {"[" + plain + "]:" + std::to_string(port), plain}) {
        named.name = name;
        named.lines = linesOf(name);
        for (const auto& type : keyTypes) {
            if (compare(named.lines.get(), name, nobodysKey, type.hostKey) ==
                LIBSSH2_KNOWNHOST_CHECK_MISMATCH) {
                named.algorithms.push_back(algorithmsOf(type.hostKey));
            }
        }
        if (!named.algorithms.empty()) {
            break;
        }
    }
    return named;
}

bool KnownHosts::isRevoked(const HostKey& key) const {
    return compare(revoked_.get(), everyHost, key.blob, key.type) == LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

KnownHosts::Verdict KnownHosts::check(const std::string& host, std::uint16_t port, const HostKey& key) const {
    if (isRevoked(key)) {
        return Verdict::Revoked;
    }
    const auto named = lookUp(host, port);
    if (compare(named.lines.get(), named.name, key.blob, key.type) == LIBSSH2_KNOWNHOST_CHECK_MATCH) {
        return Verdict::Known;
    }
    // If only a key of another kind is known for a host, its key has changed.
    return named.algorithms.empty() ? Verdict::Unknown : Verdict::Changed;
}

std::vector<std::string> KnownHosts::algorithmsFor(const std::string& host, std::uint16_t port) const {
    return lookUp(host, port).algorithms;
}

} // namespace bootferry::sftp
