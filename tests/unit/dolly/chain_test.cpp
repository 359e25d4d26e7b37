// SPDX-License-Identifier: LGPL-2.1-or-later
// The requests that dolly cannot serve.
#include "chain.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry::dolly {
namespace {

Chain chain() {
    Chain chain;
    chain.tab.infile = "live.iso";
    chain.tab.outfile = "/dev/sda";
    chain.tab.server = "head";
    chain.tab.hosts = {"10.0.0.2", "n3"};
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

TEST(Chain, RefusesWhatDollyCannotDo) {
    EXPECT_EQ(refusal(chain()), "accepted");
    const struct {
        void (*change)(Chain&);
        const char* word;
    } table[] = {
        {[](Chain& c) { c.tab.hosts.clear(); }, "no node"},
        {[](Chain& c) { c.tab.hosts[1] = c.tab.hosts[0]; }, "is given twice"},
        {[](Chain& c) { c.tab.hosts[0] = "a b"; }, "without blanks"},
        {[](Chain& c) { c.tab.hosts[0] = ""; }, "1 to "},
        {[](Chain& c) { c.tab.hosts[0] = std::string(256, 'a'); }, "1 to "},
        {[](Chain& c) { c.tab.hosts[0] = "endconfig1"; }, "use its address"},
        {[](Chain& c) { c.tab.infile = "a\nb"; }, "the image's name"},
        {[](Chain& c) { c.tab.fanout = 2; }, "only the classic generation"},
        {[](Chain& c) { c.password = ""; }, "1 to 255"},
        {[](Chain& c) { c.password = std::string(256, 'a'); }, "1 to 255"},
        {[](Chain& c) {
             c.generation = Generation::Classic;
             c.password = "geheim";
         },
         "has no password"},
    };
    for (const auto& [change, word] : table) {
        auto chosen = chain();
        change(chosen);
        EXPECT_NE(refusal(chosen).find(word), std::string::npos) << refusal(chosen);
        EXPECT_EQ(refusal(chosen).find("geheim"), std::string::npos);
    }
}

} // namespace
} // namespace bootferry::dolly
