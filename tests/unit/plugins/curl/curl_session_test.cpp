// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole sessions against a server in this process: where bytes are taken from the socket past libcurl, and
// above all where not. The attacks try heads of every length from 0 to 4 KiB: what an attacker on the path
// has to hit is that the bytes of heads that he chose are as many as those that TLS adds (a handshake of less
// than a thousand bytes here, records of some twenty), so that a sum over several answers agrees with the
// kernel's count for one connection. Each number within that range is tried, so none can be missed.
#include "curl_session.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "web_server.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

using Options = std::vector<std::pair<std::string, std::string>>;

struct Outcome {
    std::string body;
    std::string log;
    bool spliceable = false;
    bool failed = false;
};

class CurlSessionTest : public testing::Test {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN); // as in every host
        ASSERT_EQ(pipe(cancel_.data()), 0);
    }
    void TearDown() override {
        close(cancel_[0]);
        close(cancel_[1]);
    }

    Outcome fetch(const std::string& url, const Options& options = {},
                  std::uint64_t length = BOOTFERRY_SIZE_UNKNOWN) {
        Outcome outcome;
        bootferry_host host{};
        host.struct_size = sizeof host;
        host.context = &outcome;
        host.log = [](void* context, int, const char* text) {
            static_cast<Outcome*>(context)->log += std::string(text) + "\n";
        };
        host.status = [](void*, const char*) {};
        host.credential = [](void*, const char*) -> const char* { return nullptr; };
        bootferry_request request{};
        request.struct_size = sizeof request;
        request.url = url.c_str();
        request.length = length;
        request.cancel_fd = cancel_[0];
        try {
            CurlSession session{plugin::Host(&host)};
            for (const auto& [key, value] : options) {
                session.setOption(key, value);
            }
            session.open(request);
            std::array<std::byte, 1 << 16> buffer{};
            while (const auto count = session.read(buffer.data(), buffer.size())) {
                outcome.body.append(reinterpret_cast<const char*>(buffer.data()), count);
                outcome.spliceable =
                    outcome.spliceable || (session.info().flags & BOOTFERRY_INFO_SPLICEABLE) != 0;
            }
        } catch (const Failure& failure) {
            outcome.failed = true;
            outcome.log += failure.what();
        }
        return outcome;
    }

    [[nodiscard]] Options trusting() const { return {{"cacert", server_.certificate()}}; }
    [[nodiscard]] Options throughTlsProxy() const {
        const std::string place = "localhost:" + std::to_string(server_.port());
        return {{"cacert", server_.certificate()},
                {"proxy", server_.url("https", "")},
                {"proxy-cacert", server_.certificate()},
                {"resolve", place + ":127.0.0.1"},
                {"noproxy", "localhost"}};
    }

    static void assertPast(const Outcome& outcome, const WebServer::Script& script) {
        EXPECT_FALSE(outcome.failed) << outcome.log;
        EXPECT_TRUE(outcome.spliceable) << outcome.log;
        EXPECT_EQ(outcome.body, std::string(script.size, 'b'));
    }

    // No byte of the attacker's is delivered, and the transfer fails, whatever the length of the head.
    // A step greater than one is for heads that lie on the attacked connection itself: they are in both sums.
    template <typename Lengthen>
    void attack(const std::string& url, const Options& options, WebServer::Script script, Lengthen lengthen,
                std::size_t step = 1) {
        for (std::size_t length = 0; length <= longestHead; length += step * thinnedBy) {
            lengthen(script, length);
            server_.play(script);
            const auto outcome = fetch(url, options);
            const auto& body = outcome.body;
            ASSERT_EQ(body.find('X'), std::string::npos) << "bytes injected behind a head of " << length;
            ASSERT_TRUE(outcome.failed) << length << ": " << outcome.log;
            ASSERT_FALSE(outcome.spliceable) << length << ": " << outcome.log;
            // Else nothing was attacked.
            ASSERT_EQ(body.size(), script.genuine) << length << ": " << outcome.log;
        }
    }
    static void lengthenRedirect(WebServer::Script& script, std::size_t length) { script.padding = length; }
    static void lengthenAnswer(WebServer::Script& script, std::size_t length) {
        script.answerPadding = length;
    }

    static constexpr std::size_t longestHead = 4096;
    // The sanitizers look at memory, for which some of the lengths do; without them each one is tried.
#if defined(__SANITIZE_ADDRESS__)
    static constexpr std::size_t thinnedBy = 61;
#elif defined(__has_feature)
    static constexpr std::size_t thinnedBy = __has_feature(address_sanitizer) ? 61 : 1;
#else
    static constexpr std::size_t thinnedBy = 1;
#endif
    static constexpr std::size_t onTheConnection = 13;
    static constexpr std::size_t large = 3'000'000; // more than libcurl takes at once
    WebServer server_;
    std::array<int, 2> cancel_{-1, -1};
};

TEST_F(CurlSessionTest, APlainAnswerIsReadPastLibcurl) {
    WebServer::Script script{.size = large, .attacks = false};
    server_.play(script);
    assertPast(fetch(server_.url("http", "/image")), script);
    server_.play(script);
    assertPast(fetch(server_.url("http", "/image"), {{"proxy", server_.url("http", "")}}), script);
}

// On a connection of its own, and on the one that the redirect came over, with a page before it.
TEST_F(CurlSessionTest, APlainAnswerAfterARedirectIsReadPastLibcurl) {
    for (const std::size_t page : {0U, 1U, 5000U}) {
        for (const bool closes : {false, true}) {
            WebServer::Script script{.target = server_.url("http", "/image"),
                                     .padding = 100,
                                     .page = page,
                                     .closes = closes,
                                     .size = large,
                                     .attacks = false};
            server_.play(script);
            assertPast(fetch(server_.url("http", "/moved")), script);
        }
    }
}

TEST_F(CurlSessionTest, APlainAnswerAfterARedirectFromTlsIsReadPastLibcurl) {
    WebServer::Script script{.target = server_.url("http", "/image"), .size = large, .attacks = false};
    server_.play(script);
    auto options = trusting();
    options.emplace_back("proto-redir", "+http");
    const auto outcome = fetch(server_.url("https", "/moved"), options);
    // A later libcurl (seen in 8.14) still has the scheme of the first connection, and reads the body itself.
    if (curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000 &&
        outcome.log.find("scheme is not a plain one") != std::string::npos) {
        EXPECT_FALSE(outcome.failed) << outcome.log;
        EXPECT_EQ(outcome.body, std::string(script.size, 'b'));
        GTEST_SKIP() << "this libcurl tells the scheme from before the redirect";
    }
    assertPast(outcome, script);
}

TEST_F(CurlSessionTest, WhatIsNotPlainIsReadByLibcurl) {
    const auto untouched = [](const std::string& headers) {
        return WebServer::Script{.headers = headers, .size = large, .attacks = false};
    };
    struct Case {
        std::string url;
        Options options;
        WebServer::Script script;
        std::string reason;
    };
    const auto tunnel = Options{{"proxy", server_.url("http", "")}, {"proxytunnel", ""}};
    for (const auto& [url, options, script, reason] : {
             Case{server_.url("https", "/image"), trusting(), untouched(""), "scheme is not a plain one"},
             Case{server_.url("http", "/image"), throughTlsProxy(), untouched(""), "TLS on the connection"},
             Case{server_.url("http", "/image"), tunnel, untouched(""), "tunnel through a proxy"},
             Case{server_.url("http", "/image"),
                  {},
                  untouched("Content-Encoding: gzip\r\n"),
                  "the body is coded"},
             Case{server_.url("http", "/image"),
                  {{"max-time", "60"}},
                  untouched(""),
                  "limits the time or the rate"},
         }) {
        server_.play(script);
        const auto outcome = fetch(url, options);
        EXPECT_FALSE(outcome.failed) << reason << ": " << outcome.log;
        EXPECT_FALSE(outcome.spliceable) << reason;
        EXPECT_EQ(outcome.body, std::string(script.size, 'b')) << reason;
        EXPECT_NE(outcome.log.find(reason), std::string::npos) << outcome.log;
    }
}

TEST_F(CurlSessionTest, ALengthThatCannotBeIsAnError) {
    for (const auto* value : {"18446744073709551616", "9223372036854775808", "7"}) { // beside the true one
        server_.play({.headers = std::string("Content-Length: ") + value + "\r\n", .attacks = false});
        const auto outcome = fetch(server_.url("http", "/image"));
        EXPECT_TRUE(outcome.failed) << value;
        EXPECT_EQ(outcome.body, "") << value;
    }
}

// Parts of one file come over connections that are kept between them.
TEST_F(CurlSessionTest, AConnectionIsKeptForSessionsWithTheSameOptions) {
    const WebServer::Script script{.attacks = false};
    server_.play(script);
    const auto part = [&](const std::string& address, Options more = {}) {
        more.insert(more.end(), {{"cacert", server_.certificate()},
                                 {"resolve", "localhost:" + std::to_string(server_.port()) + ":" + address}});
        return fetch(server_.url("https", "/image", "localhost"), more, script.size);
    };
    ASSERT_FALSE(part("127.0.0.1").failed);
    ASSERT_FALSE(part("127.0.0.1").failed);
    EXPECT_EQ(server_.connections(), 1U);
    EXPECT_TRUE(part("127.0.0.2").failed) << "nobody listens there";
    EXPECT_TRUE(part("127.0.0.1", {{"pinnedpubkey", "sha256//" + std::string(43, 'A') + "="}}).failed);
    ASSERT_FALSE(part("127.0.0.1", {{"tls-max", "1.2"}}).failed);
    EXPECT_EQ(server_.connections(), 3U);
}

TEST_F(CurlSessionTest, TlsIsNotBypassed) {
    attack(server_.url("https", "/image"), trusting(), {}, lengthenAnswer, onTheConnection);
}

TEST_F(CurlSessionTest, TlsIsNotBypassedAfterARedirectToIt) {
    attack(server_.url("http", "/moved"), trusting(), {.target = server_.url("https", "/image")},
           lengthenRedirect);
}

TEST_F(CurlSessionTest, TlsIsNotBypassedAfterARedirectWithinTheConnection) {
    attack(server_.url("https", "/moved"), trusting(), {.target = "/image"}, lengthenRedirect,
           onTheConnection);
}

TEST_F(CurlSessionTest, TlsIsNotBypassedAfterARedirectToAnotherConnection) {
    attack(server_.url("https", "/moved"), trusting(), {.target = "/image", .closes = true},
           lengthenRedirect);
}

TEST_F(CurlSessionTest, TlsOfAProxyIsNotBypassed) {
    attack(server_.url("http", "/image"), throughTlsProxy(), {}, lengthenAnswer, onTheConnection);
}

TEST_F(CurlSessionTest, TlsOfAProxyIsNotBypassedAfterARedirectToIt) {
    attack(server_.url("http", "/moved", "localhost"), throughTlsProxy(),
           {.target = server_.url("http", "/image")}, lengthenRedirect);
}

// It is the answer to CONNECT that is lengthened, here and below.
TEST_F(CurlSessionTest, TlsWithinTheTlsOfAProxyIsNotBypassed) {
    attack(server_.url("https", "/image"), throughTlsProxy(), {}, lengthenRedirect, onTheConnection);
}

TEST_F(CurlSessionTest, TlsWithinATunnelIsNotBypassed) {
    auto options = trusting();
    options.emplace_back("proxy", server_.url("http", ""));
    attack(server_.url("https", "/image"), options, {}, lengthenRedirect);
}

} // namespace
} // namespace bootferry::curl
