// SPDX-License-Identifier: LGPL-2.1-or-later
// The password of the newer generation: the sender sends a nonce, the node answers with a digest of nonce and
// password, and the sender replies with a verdict. docs/dolly.md describes what this protects from.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace bootferry::dolly {

inline constexpr std::size_t digestSize = 32;
inline constexpr std::size_t longestPassword = 255; // as in dolly
using Digest = std::array<unsigned char, digestSize>;

[[nodiscard]] Digest randomNonce();
// SHA-256(SHA-256(password) nonce).
[[nodiscard]] Digest challengeAnswer(std::string_view password, std::string_view nonce);
// Compares in constant time.
[[nodiscard]] bool isAnswerTo(std::string_view nonce, std::string_view password, std::string_view answer);

// The verdict, which ends with a NUL.
inline constexpr std::size_t longestVerdict = 512;
[[nodiscard]] std::string composeVerdict(bool accepted, const std::string& host);
[[nodiscard]] bool isAcceptance(std::string_view verdict); // without its NUL

[[nodiscard]] inline std::string_view asText(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace bootferry::dolly
