// SPDX-License-Identifier: LGPL-2.1-or-later
// The dollytab: the text in which a dolly server names its nodes and their order, as nodes read it and as
// servers write it. Both generations' forms are read by one parser, since they differ only in which lines may
// be there (docs/dolly.md). The text comes from the network: it is bounded, and kept as it came, since it is
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
inline constexpr std::size_t longestDollytabLine = 255; // dolly's own buffers
// What goes before a host's name and behind it on one line counts as well.
inline constexpr std::size_t longestHost = longestDollytabLine - std::string_view("lastclient \n").size();

struct Dollytab {
    enum class Affix { None, Postfix, Midfix };

    std::string text;    // as it came
    std::string infile;  // for people only
    std::string outfile; // where a real node writes to; our own do not care
    std::string server;  // classic: is there, and is no node's name
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

// The text for files, server, fanout and hosts, which our server has. What a dollytab may have beside them
// (further interfaces, compression, hyphens) is not written.
[[nodiscard]] std::string composeDollytab(const Dollytab& tab, Generation generation);

} // namespace bootferry::dolly
