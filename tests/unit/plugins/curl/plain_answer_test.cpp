// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plain_answer.h"

#include <functional>

#include <curl/curl.h>
#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

AnswerFacts plainHttp() {
    return {.isFtp = false,
            .url = "http://server/image",
            .scheme = "HTTP",
            .mayUseTls = false,
            .hasTlsSession = false,
            .httpVersion = CURL_HTTP_VERSION_1_1,
            .isCoded = false,
            .framedLength = 10,
            .wantedLength = 10};
}

AnswerFacts plainFtp() {
    auto facts = plainHttp();
    facts.isFtp = true;
    facts.url = "ftp://server/image";
    facts.scheme = "FTP";
    facts.httpVersion = CURL_HTTP_VERSION_NONE;
    return facts;
}

TEST(PlainAnswerTest, IsReadPastLibcurl) {
    EXPECT_FALSE(whyLibcurlReads(plainHttp()));
    EXPECT_FALSE(whyLibcurlReads(plainFtp()));
    auto other = plainHttp();
    other.url = "HTTP://server/image"; // as a redirect may write it
    other.scheme = "http";             // as libcurl 8 writes it
    other.httpVersion = CURL_HTTP_VERSION_1_0;
    EXPECT_FALSE(whyLibcurlReads(other));
}

TEST(PlainAnswerTest, NeedsEachFact) {
    struct Case {
        const char* what;
        std::function<void(AnswerFacts&)> spoil;
    };
    for (const auto& [what, spoil] : {
             Case{"nothing is known", [](AnswerFacts& facts) { facts = {}; }},
             Case{"redirected to TLS", [](AnswerFacts& facts) { facts.url = "https://server/image"; }},
             Case{"TLS is spoken", [](AnswerFacts& facts) { facts.scheme = "HTTPS"; }},
             Case{"FTP over TLS", [](AnswerFacts& facts) { facts.scheme = "FTPS"; }},
             Case{"the other protocol", [](AnswerFacts& facts) { facts.isFtp = !facts.isFtp; }},
             Case{"libcurl says no scheme", [](AnswerFacts& facts) { facts.scheme.clear(); }},
             Case{"libcurl says no URL", [](AnswerFacts& facts) { facts.url.clear(); }},
             Case{"an option for TLS", [](AnswerFacts& facts) { facts.mayUseTls = true; }},
             Case{"a TLS session", [](AnswerFacts& facts) { facts.hasTlsSession = true; }},
             Case{"a tunnel", [](AnswerFacts& facts) { facts.connectStatus = 200; }},
             Case{"coded", [](AnswerFacts& facts) { facts.isCoded = true; }},
             Case{"no length from libcurl", [](AnswerFacts& facts) { facts.framedLength.reset(); }},
             Case{"no length at all",
                  [](AnswerFacts& facts) {
                      facts.framedLength.reset();
                      facts.wantedLength.reset();
                  }},
             Case{"libcurl would end earlier", [](AnswerFacts& facts) { facts.framedLength = 9; }},
             Case{"libcurl would continue", [](AnswerFacts& facts) { facts.framedLength = 11; }},
         }) {
        for (auto facts : {plainHttp(), plainFtp()}) {
            spoil(facts);
            EXPECT_TRUE(whyLibcurlReads(facts)) << what << (facts.isFtp ? ", ftp" : ", http");
        }
    }
}

TEST(PlainAnswerTest, IsOfHttp1) {
    for (const long version : {CURL_HTTP_VERSION_NONE, CURL_HTTP_VERSION_2_0, CURL_HTTP_VERSION_3}) {
        auto facts = plainHttp();
        facts.httpVersion = version;
        EXPECT_TRUE(whyLibcurlReads(facts)) << version;
    }
}

TEST(PlainAnswerTest, HasTheFilesOwnLineEnds) {
    for (const auto* type : {";type=a", ";TYPE=A"}) {
        auto facts = plainFtp();
        facts.url += type;
        EXPECT_TRUE(whyLibcurlReads(facts)) << type;
    }
}

} // namespace
} // namespace bootferry::curl
