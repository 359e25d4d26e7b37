// SPDX-License-Identifier: LGPL-2.1-or-later
// What the sender says, as dolly's own parser wants it, and what it makes of the answers.
#include "chain.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry::dolly {
namespace {

Chain chain() {
    Chain chain;
    chain.imageName = "live.iso";
    chain.outputName = "/dev/sda";
    chain.serverName = "head";
    chain.hosts = {"10.0.0.2", "n3"};
    return chain;
}

std::string refusal(const Chain& chain) {
    try {
        check(chain);
        return "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
}

TEST(Dollytab, OfBothGenerations) {
    auto chosen = chain();
    EXPECT_EQ(dollytab(chosen), "infile live.iso\noutfile /dev/sda\n10.0.0.2\nn3\nendconfig\n");
    chosen.generation = Generation::Classic;
    EXPECT_EQ(dollytab(chosen), "infile live.iso\noutfile /dev/sda\nserver head\nfirstclient 10.0.0.2\n"
                                "lastclient n3\nclients 2\n10.0.0.2\nn3\nendconfig\n");
    chosen.fanout = 2;
    EXPECT_NE(dollytab(chosen).find("\nfanout 2\nserver "), std::string::npos);
}

TEST(Dollytab, IsNeverAsLongAsWhatANodeTakesForUnfinished) {
    auto chosen = chain();
    for (std::size_t length = 1; length <= 200; ++length) {
        chosen.hosts.assign(7, std::string(200, 'a'));
        chosen.hosts.emplace_back(length, 'b');
        EXPECT_NE(dollytab(chosen).size(), 1448U) << length;
    }
}

TEST(Chain, SaysWhatDollyCannotDo) {
    EXPECT_EQ(refusal(chain()), "accepted");
    const struct {
        void (*change)(Chain&);
        const char* word;
    } table[] = {
        {[](Chain& c) { c.hosts.clear(); }, "no node"},
        {[](Chain& c) { c.hosts[1] = c.hosts[0]; }, "is there twice"},
        {[](Chain& c) { c.hosts[0] = "a b"; }, "no blank"},
        {[](Chain& c) { c.hosts[0] = ""; }, "1 to "},
        {[](Chain& c) { c.hosts[0] = std::string(256, 'a'); }, "1 to "},
        {[](Chain& c) { c.hosts[0] = "endconfig1"; }, "use its address"},
        {[](Chain& c) { c.imageName = "a\nb"; }, "the image's name"},
        {[](Chain& c) { c.fanout = 2; }, "only the classic generation"},
        {[](Chain& c) { c.password = ""; }, "1 to 255"},
        {[](Chain& c) { c.password = std::string(256, 'a'); }, "1 to 255"},
        {[](Chain& c) {
             c.generation = Generation::Classic;
             c.password = "geheim";
         },
         "knows no password"},
    };
    for (const auto& [change, word] : table) {
        auto chosen = chain();
        change(chosen);
        EXPECT_NE(refusal(chosen).find(word), std::string::npos) << refusal(chosen);
        EXPECT_EQ(refusal(chosen).find("geheim"), std::string::npos);
    }
}

TEST(NodeLine, IsWhatNodesSay) {
    EXPECT_EQ(parseNodeLine("Host got parameters 'n1'."), (NodeLine{"n1", false}));
    EXPECT_EQ(parseNodeLine("Host ready 'n1'."), (NodeLine{"n1", true}));
    EXPECT_EQ(parseNodeLine("Client n1 configured with parameters. Ready to proceed."),
              (NodeLine{"n1", false}));
    EXPECT_EQ(parseNodeLine("Client n1 ready."), (NodeLine{"n1", true}));
    // A name is no message, whatever it holds.
    EXPECT_EQ(parseNodeLine("Host got parameters 'ready'."), (NodeLine{"ready", false}));
    for (const char* line : {"", "ready", "Client ready.", "Host ready 'n1'"}) {
        EXPECT_EQ(parseNodeLine(line), std::nullopt) << line;
    }
}

// printf geheim | sha256sum, then that and 32 times 'n' again.
TEST(PasswordProof, IsTheHashOfTheHashAndTheNonce) {
    Octets nonce{};
    nonce.fill('n');
    const auto proof = passwordProof("geheim", nonce);
    std::string hex;
    for (const char octet : proof) {
        constexpr const char* digits = "0123456789abcdef";
        hex += digits[static_cast<unsigned char>(octet) >> 4U];
        hex += digits[static_cast<unsigned char>(octet) & 0xfU];
    }
    EXPECT_EQ(hex, "547ee9ce1975bc121c44b06cfae4f568b109fc92659724ba692376a6475c92a0");
}

} // namespace
} // namespace bootferry::dolly
