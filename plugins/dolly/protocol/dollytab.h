// SPDX-License-Identifier: LGPL-2.1-or-later
// The dollytab: the text in which a dolly server tells its nodes who they are and who comes after whom. Both
// generations' forms are read by one parser, because they differ in which lines may be there and in nothing
// else (docs/dolly.md). The text comes from the network: it is bounded, and kept as it came, since it is
// passed on to the nodes behind.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry::dolly {

enum class Generation {
    Classic, // up to 0.64: the dollytab is the first thing on the control connection
    Password // from 0.70: an octet and perhaps a challenge come before it, the dollytab is shorter
};

inline constexpr std::size_t longestDollytab = 256 * std::size_t{1024};
inline constexpr std::size_t mostHosts = 65536;
inline constexpr unsigned mostChildren = 16;

struct Dollytab {
    enum class Affix { None, Postfix, Midfix };

    std::string text; // as it came
    bool compressed = false;
    unsigned fanout = 1;
    Affix affix = Affix::None;
    bool affixesPrimary = false;         // the first connection's name changes as well ("add 0:")
    std::vector<std::string> extraNames; // what turns a host's name into that of its further interfaces
    bool hyphenIsNormal = false;         // else "node1-fast" is node1 by another interface
    std::vector<std::string> hosts;

    // How many data connections lead to a node: one, and one for each further interface.
    [[nodiscard]] std::size_t dataConnections() const { return affixesPrimary ? 1 : 1 + extraNames.size(); }
    // The name by which the host's interface is reached over which data connection `index` goes.
    [[nodiscard]] std::string interfaceName(std::size_t host, std::size_t index) const;
    // Indices of the hosts to which the host passes the bytes on.
    [[nodiscard]] std::vector<std::size_t> childrenOf(std::size_t host) const;
};

// Has the text come to its end?
[[nodiscard]] bool endsWithEndconfig(std::string_view text);

// Throws plugin::Failure(PROTOCOL) that says what is wrong.
[[nodiscard]] Dollytab parseDollytab(std::string text, Generation generation);

} // namespace bootferry::dolly
