// SPDX-License-Identifier: LGPL-2.1-or-later
// The dollytab: the text in which a dolly server lists its nodes in order. Nodes parse it, servers compose
// it. One parser reads both generations' forms, which differ only in the lines allowed (docs/dolly.md). The
// text comes from the network: its length is limited. It is kept unchanged for the nodes behind.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry::dolly {

enum class Generation {
    Classic, // up to 0.64: the control connection begins with the dollytab
    Password // from 0.70: an octet and perhaps a challenge precede it, the dollytab is shorter
};

inline constexpr std::size_t longestDollytab = 256 * std::size_t{1024};
inline constexpr std::size_t mostHosts = 65536;
inline constexpr unsigned mostChildren = 16;
inline constexpr std::size_t longestDollytabLine = 255; // the size of dolly's buffers
// The keyword and the newline around a host's name count as well.
inline constexpr std::size_t longestHost = longestDollytabLine - std::string_view("lastclient \n").size();

struct Dollytab {
    enum class Affix { None, Postfix, Midfix };

    std::string text;    // as received
    std::string infile;  // informational
    std::string outfile; // the target of a dolly node; ignored by bootferry's nodes
    std::string server;  // required in the classic form; not a node's name
    bool compressed = false;
    unsigned fanout = 1;
    Affix affix = Affix::None;
    bool affixesPrimary = false;         // the first connection's name changes as well ("add 0:")
    std::vector<std::string> extraNames; // affixes that form the names of a host's further interfaces
    bool hyphenIsNormal = false;         // false: "node1-fast" is another interface of node1
    std::vector<std::string> hosts;

    // The number of data connections to a node: one, and one for each further interface.
    [[nodiscard]] std::size_t dataConnections() const { return affixesPrimary ? 1 : 1 + extraNames.size(); }
    // The name of the host's interface for data connection `index`.
    [[nodiscard]] std::string interfaceName(std::size_t host, std::size_t index) const;
    // Indices of the hosts to which the host forwards the bytes.
    [[nodiscard]] std::vector<std::size_t> childrenOf(std::size_t host) const;
};

// True if the text is complete.
[[nodiscard]] bool endsWithEndconfig(std::string_view text);

// Throws plugin::Failure(PROTOCOL) with the reason.
[[nodiscard]] Dollytab parseDollytab(std::string text, Generation generation);

// Composes the text from files, server, fanout and hosts, as bootferry's server needs it: without further
// interfaces, compression and hyphens.
[[nodiscard]] std::string composeDollytab(const Dollytab& tab, Generation generation);

} // namespace bootferry::dolly
