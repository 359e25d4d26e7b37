// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as known_hosts: it recognises nobody by a line that is not understood, a revoked key is refused
// whatever else the text has, and patterns match as in the definition that they come from.
#include <algorithm>
#include <string>

#include <libssh2.h>

#include "fuzz_input.h"
#include "known_hosts.h"

using namespace bootferry;
using namespace bootferry::sftp;
using fuzz::require;
using Verdict = KnownHosts::Verdict;

namespace {

// An ED25519 key's blob (RFC 8709) with a key of zeros, and as known_hosts has it.
const std::string blob = std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + std::string(32, '\0');
const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const HostKey shown{.blob = blob, .type = LIBSSH2_HOSTKEY_TYPE_ED25519, .fingerprint = "SHA256:x"};

// By the words of ssh_config(5), with all ways tried: for short texts only.
bool matches(std::string_view name, std::string_view pattern) {
    if (pattern.empty()) {
        return name.empty();
    }
    if (pattern.front() == '*') {
        return matches(name, pattern.substr(1)) || (!name.empty() && matches(name.substr(1), pattern));
    }
    const char c = pattern.front();
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return !name.empty() && (c == '?' || lower == name.front()) && matches(name.substr(1), pattern.substr(1));
}

void comparePattern(std::string_view text) {
    const auto pattern = text.substr(0, std::min<std::size_t>(text.find_first_of(",!\n"), 12));
    if (!pattern.empty()) {
        for (const auto* name : {"a", "files.example", "10.0.0.1", "[a]:22", "aaab"}) {
            require(matchesPatterns(name, pattern) == matches(name, pattern));
        }
        require(!matchesPatterns("a", "!" + std::string(pattern)));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const auto text = input.rest();
    comparePattern(text);
    KnownHosts hosts;
    const auto notUnderstood = hosts.add(text);
    require(notUnderstood <= text.size());
    const auto before = hosts.check("files.example", 22, shown);
    require((before == Verdict::Revoked) == hosts.isRevoked(shown));
    if (text.find("AAAA") == std::string_view::npos) {
        require(before != Verdict::Known);
    }
    require(hosts.check("FILES.example", 22, shown) == before);
    require(hosts.add("[files.example]:22,files.example " + key + "\n") == 0); // the port comes first
    const auto known = hosts.check("files.example", 22, shown);
    require(known == Verdict::Known || before == Verdict::Revoked);
    require(hosts.add("@revoked other.example " + key + "\n") == 0);
    require(hosts.check("files.example", 22, shown) == Verdict::Revoked);
    return 0;
}
