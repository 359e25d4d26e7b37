// SPDX-License-Identifier: LGPL-2.1-or-later
// The proof as sha256sum computes it, and the verdicts on it.
#include "challenge.h"

#include <gtest/gtest.h>

namespace bootferry::dolly {
namespace {

using namespace std::string_literals;

// printf geheim | sha256sum, then that and 32 times 'n' again.
TEST(Challenge, TheAnswerIsTheHashOfTheHashAndTheNonce) {
    const std::string nonce(digestSize, 'n');
    const auto answer = challengeAnswer("geheim", nonce);
    std::string hex;
    for (const auto octet : answer) {
        constexpr const char* digits = "0123456789abcdef";
        hex += digits[octet >> 4U];
        hex += digits[octet & 0xfU];
    }
    EXPECT_EQ(hex, "547ee9ce1975bc121c44b06cfae4f568b109fc92659724ba692376a6475c92a0");
    EXPECT_TRUE(isAnswerTo(nonce, "geheim", asText(answer)));
    EXPECT_FALSE(isAnswerTo(nonce, "Geheim", asText(answer)));
    EXPECT_FALSE(isAnswerTo(std::string(digestSize, 'm'), "geheim", asText(answer)));
    EXPECT_FALSE(isAnswerTo(nonce, "geheim", asText(answer).substr(1)));
}

TEST(Challenge, NoncesDiffer) {
    EXPECT_NE(randomNonce(), randomNonce());
}

TEST(Challenge, VerdictsAreDollysOwn) {
    EXPECT_EQ(composeVerdict(true, "n1"), "OK\0"s);
    EXPECT_EQ(composeVerdict(false, "n1"), "AUTH_FAILED:n1\0"s);
    EXPECT_TRUE(isAcceptance("OK"));
    EXPECT_FALSE(isAcceptance("AUTH_FAILED:n1"));
    EXPECT_FALSE(isAcceptance(""));
}

} // namespace
} // namespace bootferry::dolly
