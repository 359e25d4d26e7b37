// SPDX-License-Identifier: LGPL-2.1-or-later
// What a dolly server says to its nodes before the first byte, and what they answer: pure text and octets, of
// both generations. docs/dolly.md has the wire format and where it was found.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry::dolly {

enum class Generation {
    Classic, // dolly 0.58 to 0.64
    Password // dolly 0.70 and later
};

struct Chain {
    Generation generation = Generation::Password;
    std::string imageName;  // for people only
    std::string outputName; // where a real dolly writes to; our own nodes do not care
    std::string serverName; // classic: has to be there, and to be no node's name
    unsigned fanout = 1;    // classic: how many nodes each one passes the bytes on to
    std::vector<std::string> hosts;
    std::optional<std::string> password;
};

// Throws Error(Invalid) that says what dolly cannot do.
void check(const Chain& chain);

[[nodiscard]] std::string dollytab(const Chain& chain);

inline constexpr std::size_t digestSize = 32;
using Octets = std::array<char, digestSize>;

[[nodiscard]] Octets randomNonce();
// What proves that a node knows the password: SHA-256(SHA-256(password) nonce).
[[nodiscard]] Octets passwordProof(std::string_view password, const Octets& nonce);

// A line of a node on its way up the chain.
struct NodeLine {
    std::string node;   // as it calls itself, which may be its address
    bool ready = false; // else it has only understood the dollytab so far

    bool operator==(const NodeLine&) const = default;
};
[[nodiscard]] std::optional<NodeLine> parseNodeLine(std::string_view line);

} // namespace bootferry::dolly
