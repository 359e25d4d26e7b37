// SPDX-License-Identifier: LGPL-2.1-or-later
// dolly's own limits are kept to, since any node may be a real one: lines of 255 characters, 16 children, and
// no blank within a name, at which it would end.
#include "chain.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>
#include <sys/random.h>

#include "errors.h"

namespace bootferry::dolly {
namespace {

constexpr std::size_t longestLine = 255;
constexpr std::size_t longestName = longestLine - std::string_view("lastclient \n").size();
constexpr unsigned mostChildren = 16;
constexpr std::size_t longestPassword = 255;

void checkName(std::string_view what, std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
    if (!plain || name.empty() || name.size() > longestName) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("the {} '{}' cannot be told to a dolly node: want 1 to {} characters, no blank "
                        "among them",
                        what, plain ? name.substr(0, longestName) : "...", longestName));
    }
}

Octets sha256(std::string_view text) {
    Octets digest{};
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
    if (EVP_Digest(text.data(), text.size(), out, nullptr, EVP_sha256(), nullptr) != 1) {
        throw Error(ErrorCode::Io, "SHA-256 is not to be had from libcrypto");
    }
    return digest;
}

std::optional<std::string> between(std::string_view line, std::string_view before, std::string_view behind) {
    if (line.size() < before.size() + behind.size() || !line.starts_with(before) || !line.ends_with(behind)) {
        return std::nullopt;
    }
    return std::string(line.substr(before.size(), line.size() - before.size() - behind.size()));
}

} // namespace

void check(const Chain& chain) {
    if (chain.hosts.empty()) {
        throw Error(ErrorCode::Invalid, "there is no node to send to");
    }
    checkName("image's name", chain.imageName);
    checkName("output's name", chain.outputName);
    std::set<std::string_view> seen;
    for (const auto& host : chain.hosts) {
        checkName("host", host);
        if (!seen.insert(host).second) {
            throw Error(ErrorCode::Invalid, fmt::format("the host '{}' is there twice", host));
        }
        if (host.starts_with("endconfig") || host.starts_with("hyphen")) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("a dolly node would not take '{}' for a host; use its address", host));
        }
    }
    if (chain.generation == Generation::Classic) {
        checkName("server's name", chain.serverName);
        if (chain.password) {
            throw Error(ErrorCode::Invalid, "the classic generation of dolly knows no password");
        }
    } else if (chain.fanout != 1) {
        throw Error(ErrorCode::Invalid, "only the classic generation of dolly can fan out");
    }
    if (chain.fanout < 1 || chain.fanout > mostChildren) {
        throw Error(ErrorCode::Invalid, fmt::format("dolly's fan-out is 1 to {}", mostChildren));
    }
    if (chain.password && (chain.password->empty() || chain.password->size() > longestPassword)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("dolly's passwords have 1 to {} characters", longestPassword));
    }
}

std::string dollytab(const Chain& chain) {
    auto text = fmt::format("infile {}\noutfile {}\n", chain.imageName, chain.outputName);
    if (chain.generation == Generation::Classic) {
        if (chain.fanout > 1) {
            text += fmt::format("fanout {}\n", chain.fanout);
        }
        text += fmt::format("server {}\nfirstclient {}\nlastclient {}\nclients {}\n", chain.serverName,
                            chain.hosts.front(), chain.hosts.back(), chain.hosts.size());
    }
    for (const auto& host : chain.hosts) {
        text += host + "\n";
    }
    text += "endconfig\n";
    // A node that reads exactly so much waits for more: it takes it for a full segment on an Ethernet.
    constexpr std::size_t takenForUnfinished = 1448;
    if (text.size() == takenForUnfinished) {
        text += "\n";
    }
    return text;
}

Octets randomNonce() {
    Octets nonce{};
    if (::getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
        throw Error(ErrorCode::Io, errno, "random octets for the password's challenge");
    }
    return nonce;
}

Octets passwordProof(std::string_view password, const Octets& nonce) {
    const auto inner = sha256(password);
    return sha256(std::string(inner.data(), inner.size()) + std::string(nonce.data(), nonce.size()));
}

std::optional<NodeLine> parseNodeLine(std::string_view line) {
    const struct {
        std::string_view before;
        std::string_view behind;
        bool ready;
    } forms[] = {
        {"Host got parameters '", "'.", false},
        {"Host ready '", "'.", true},
        {"Client ", " configured with parameters. Ready to proceed.", false},
        {"Client ", " ready.", true},
    };
    for (const auto& [before, behind, ready] : forms) {
        if (auto node = between(line, before, behind)) {
            return NodeLine{std::move(*node), ready};
        }
    }
    return std::nullopt;
}

} // namespace bootferry::dolly
