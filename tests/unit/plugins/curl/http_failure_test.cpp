// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_failure.h"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bootferry_error codeOf(long status, bool partAsked = false) {
    return failureOfStatus({}, {.status = status, .partAsked = partAsked}).code();
}

TEST(HttpFailureTest, StatusesHaveTheirCodes) {
    HttpResponse response;
    response.status = "503 Service Unavailable";
    response.retryAfter = "7";
    const auto busy = failureOfStatus(response, {.status = 503});
    EXPECT_EQ(busy.code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(busy.retryAfter(), 7U);
    EXPECT_STREQ(busy.what(), "server answered 503 Service Unavailable");
    for (const long status : {404L, 410L}) {
        EXPECT_EQ(codeOf(status), BOOTFERRY_ERROR_NOT_FOUND);
    }
    for (const long status : {401L, 403L, 407L}) {
        EXPECT_EQ(codeOf(status), BOOTFERRY_ERROR_AUTH);
    }
    for (const long status : {408L, 425L, 429L, 500L, 502L, 599L}) {
        EXPECT_EQ(codeOf(status), BOOTFERRY_ERROR_UNREACHABLE);
    }
    for (const long status : {204L, 300L, 304L, 400L, 600L, 999L}) {
        EXPECT_EQ(codeOf(status), BOOTFERRY_ERROR_PROTOCOL);
    }
}

TEST(HttpFailureTest, ARefusalOfARangeIsNoneOfTheFile) {
    for (const long status : {400L, 403L, 404L, 410L, 412L, 501L}) {
        EXPECT_EQ(codeOf(status, true), BOOTFERRY_ERROR_PROTOCOL) << status;
    }
    EXPECT_EQ(codeOf(401, true), BOOTFERRY_ERROR_AUTH);
    EXPECT_EQ(codeOf(503, true), BOOTFERRY_ERROR_UNREACHABLE);
}

TEST(HttpFailureTest, AnAnswerThatLeadsNowhereIsExplained) {
    HttpResponse response;
    response.status = "302 Found";
    EXPECT_STREQ(failureOfStatus(response, {.status = 302}).what(),
                 "server answered 302 Found, but not where the file is: it sent no Location");
    response.location = "http://user:secret@mirror/x";
    const auto failure = failureOfStatus(response, {.status = 302});
    EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_NOT_FOUND);
    EXPECT_STREQ(failure.what(),
                 "server answered 302 Found to http://mirror/x, and following redirects is turned off");
    EXPECT_THAT(failureOfStatus({}, {.status = 304}).what(),
                HasSubstr("as if this machine had the file already"));
    EXPECT_THAT(
        failureOfStatus({}, {.status = 400, .page = "The plain HTTP request was sent to HTTPS port"}).what(),
        HasSubstr("the URL must begin with https://"));
    EXPECT_THAT(failureOfStatus({}, {.status = 400, .page = "Bad"}).what(), Not(HasSubstr("https://")));
}

TEST(HttpFailureTest, TheOptionForALoginIsNamed) {
    const auto words = [](long status, long offered, long chosen = 0) {
        return std::string(
            failureOfStatus({}, {.status = status, .authOffered = offered, .authChosen = chosen}).what());
    };
    EXPECT_EQ(words(401, CURLAUTH_DIGEST), "server answered 401: credentials are missing or were refused; it "
                                           "accepts Digest (curl's option digest)");
    EXPECT_THAT(words(401, CURLAUTH_NEGOTIATE | CURLAUTH_NTLM),
                HasSubstr("Negotiate (curl's option negotiate)"));
    EXPECT_THAT(words(401, CURLAUTH_BEARER), HasSubstr("oauth2-bearer"));
    EXPECT_THAT(words(401, CURLAUTH_BASIC | CURLAUTH_DIGEST), Not(HasSubstr("accepts")));
    EXPECT_THAT(words(401, CURLAUTH_DIGEST, CURLAUTH_DIGEST), Not(HasSubstr("accepts")));
    EXPECT_THAT(words(401, CURLAUTH_BASIC, CURLAUTH_DIGEST), HasSubstr("Basic (curl's option basic)"));
    EXPECT_THAT(words(401, 0), Not(HasSubstr("accepts")));
    EXPECT_THAT(words(407, CURLAUTH_DIGEST), HasSubstr("the proxy answered 407"));
    EXPECT_THAT(words(407, CURLAUTH_DIGEST), HasSubstr("curl's option proxy-digest"));
    EXPECT_THAT(words(407, CURLAUTH_BASIC), HasSubstr("were refused (curl's option proxy-user)"));
}

TEST(HttpFailureTest, AProxysRefusalIsNotTheServers) {
    HttpResponse response;
    response.status = "403 Filtered";
    const auto refused = failureOfConnect(response, {.status = 403}, "server:443");
    EXPECT_EQ(refused.code(), BOOTFERRY_ERROR_AUTH);
    EXPECT_STREQ(refused.what(), "the proxy answered 403 Filtered when asked for a connection to server:443");
    EXPECT_EQ(failureOfConnect({}, {.status = 407}, "s").code(), BOOTFERRY_ERROR_AUTH);
    EXPECT_EQ(failureOfConnect({}, {.status = 502}, "s").code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_EQ(failureOfConnect({}, {.status = 404}, "s").code(), BOOTFERRY_ERROR_PROTOCOL);
}

TEST(HttpFailureTest, ARefusedRedirectSaysWhy) {
    EXPECT_STREQ(failureOfRedirect({.from = "a", .location = "ftp://u:secret@b/x", .detail = {}}).what(),
                 "a redirects to ftp://b/x, but only redirects to http and https are followed");
    EXPECT_THAT(
        failureOfRedirect({.from = "a", .location = "HTTP://b/", .detail = {}, .fromEncrypted = true}).what(),
        HasSubstr("which is not encrypted"));
    EXPECT_THAT(
        failureOfRedirect({.from = "a", .location = "http://b/", .detail = {}, .chosen = true}).what(),
        HasSubstr("option proto-redir does not permit"));
}

TEST(HttpFailureTest, ACodingThatNobodyAskedForIsNamed) {
    HttpResponse response;
    for (const auto* coding :
         {"", "identity", "gzip", "x-gzip", "zstd", "aws-chunked", "gzip, aws-chunked", ",", ", ,"}) {
        response.contentCoding = coding;
        EXPECT_FALSE(failureOfCoding(response, "http://h/image")) << coding;
    }
    for (const auto* coding : {"br", "BR", "gzip, br", "br,gzip"}) {
        response.contentCoding = coding;
        ASSERT_TRUE(failureOfCoding(response, "http://h/image")) << coding;
        EXPECT_THAT(failureOfCoding(response, "http://h/image")->what(), HasSubstr("compressed with 'br'"));
        EXPECT_FALSE(failureOfCoding(response, "http://h/image.br")) << coding;
    }
}

} // namespace
} // namespace bootferry::curl
