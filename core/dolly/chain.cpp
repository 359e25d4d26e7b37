// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps dolly's limits, since any node may run dolly itself: lines of 255 characters, 16 children, and names
// without blanks, as a name ends at the first blank.
#include "chain.h"

#include <algorithm>
#include <set>

#include <spdlog/fmt/fmt.h>

#include "challenge.h"
#include "errors.h"

namespace bootferry::dolly {
namespace {

void checkName(std::string_view what, std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
    if (!plain || name.empty() || name.size() > longestHost) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format(
                "the {} '{}' cannot be sent to a dolly node: expected 1 to {} characters without blanks",
                what, plain ? name.substr(0, longestHost) : "...", longestHost));
    }
}

} // namespace

void check(const Chain& chain) {
    const auto& tab = chain.tab;
    if (tab.hosts.empty()) {
        throw Error(ErrorCode::Invalid, "there is no node to send to");
    }
    checkName("image's name", tab.infile);
    checkName("output's name", tab.outfile);
    std::set<std::string_view> seen;
    for (const auto& host : tab.hosts) {
        checkName("host", host);
        if (!seen.insert(host).second) {
            throw Error(ErrorCode::Invalid, fmt::format("the host '{}' is given twice", host));
        }
        if (host.starts_with("endconfig") || host.starts_with("hyphen")) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("a dolly node does not accept '{}' as a host; use its address", host));
        }
    }
    if (chain.generation == Generation::Classic) {
        checkName("server's name", tab.server);
        if (chain.password) {
            throw Error(ErrorCode::Invalid, "the classic generation of dolly has no password");
        }
    } else if (tab.fanout != 1) {
        throw Error(ErrorCode::Invalid, "only the classic generation of dolly can fan out");
    }
    if (tab.fanout < 1 || tab.fanout > mostChildren) {
        throw Error(ErrorCode::Invalid, fmt::format("dolly's fan-out is 1 to {}", mostChildren));
    }
    if (chain.password && (chain.password->empty() || chain.password->size() > longestPassword)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("dolly's passwords have 1 to {} characters", longestPassword));
    }
}

} // namespace bootferry::dolly
