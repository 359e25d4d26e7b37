// SPDX-License-Identifier: LGPL-2.1-or-later
#include "known_hosts.h"

#include <algorithm>
#include <array>

#include "ssh_handles.h"

namespace bootferry::sftp {
namespace {

// The next word of a text, which is taken out of it; empty where there is none.
std::string_view takeWord(std::string_view& text, std::string_view separators) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    const auto word = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(word.size());
    return word;
}

bool isAmong(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        if (takeWord(names, ",") == name) {
            return true;
        }
    }
    return false;
}

// One name to a line: a salt, and the name's HMAC-SHA1 with it. libssh would take what follows a comma for a
// name with wildcards.
bool isHashOf(const std::string& line, const std::string& name) {
    ssh_knownhosts_entry* entry = nullptr;
    const bool matches = ssh_known_hosts_parse_line(name.c_str(), line.c_str(), &entry) == SSH_OK;
    const KnownHostHandle owner(entry);
    return matches;
}

} // namespace

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
    if (marked) {
        revoked_.insert(key);
    } else {
        entries_.push_back({.line = names + " " + algorithm + " " + key,
                            .names = names,
                            .type = ssh_key_type_from_name(algorithm.c_str()),
                            .base64 = key});
    }
    return true;
}

bool KnownHosts::Entry::isOf(const std::string& host, std::uint16_t port) const {
    // A host that is known without a port is known at all of them.
    const std::array spellings{"[" + host + "]:" + std::to_string(port), host};
    const bool isHash = names.find(',') == std::string::npos;
    return std::any_of(spellings.begin(), spellings.end(), [&](const std::string& name) {
        return names.front() == '|' ? isHash && isHashOf(line, name) : isAmong(names, name);
    });
}

KnownHosts::Verdict KnownHosts::check(const std::string& host, std::uint16_t port, const HostKey& key) const {
    if (revoked_.contains(key.base64)) {
        return Verdict::Revoked;
    }
    for (const auto& entry : entries_) {
        if (entry.base64 == key.base64 && entry.isOf(host, port)) {
            return Verdict::Known;
        }
    }
    // A host that is known by a key of another kind only is one whose key changed.
    return algorithmsFor(host, port).empty() ? Verdict::Unknown : Verdict::Changed;
}

std::vector<std::string> KnownHosts::algorithmsFor(const std::string& host, std::uint16_t port) const {
    std::set<std::string> known;
    for (const auto& entry : entries_) {
        if (entry.isOf(host, port)) {
            known.insert(algorithmsOf(entry.type));
        }
    }
    std::vector<std::string> algorithms;
    for (const auto& name : hostKeyAlgorithms()) {
        if (known.contains(name)) {
            algorithms.push_back(name);
        }
    }
    return algorithms;
}

} // namespace bootferry::sftp
