// SPDX-License-Identifier: LGPL-2.1-or-later
#include "proxy_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProxyFailureTest, AServerThatIsDownBehindASocksProxyIsWaitedFor) {
    const auto refused = failureOfSocks(CURLPX_REPLY_CONNECTION_REFUSED, "server:80");
    EXPECT_EQ(refused.code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(refused.what(), "the SOCKS proxy did not connect to server:80: connection refused");
    for (const auto code :
         {CURLPX_REPLY_HOST_UNREACHABLE, CURLPX_REPLY_NETWORK_UNREACHABLE, CURLPX_REPLY_TTL_EXPIRED,
          CURLPX_REPLY_GENERAL_SERVER_FAILURE, CURLPX_CLOSED, CURLPX_REQUEST_FAILED}) {
        EXPECT_EQ(failureOfSocks(code, "s").code(), BOOTFERRY_ERROR_UNREACHABLE) << code;
    }
    for (const auto code : {CURLPX_NO_AUTH, CURLPX_USER_REJECTED, CURLPX_REPLY_NOT_ALLOWED}) {
        EXPECT_EQ(failureOfSocks(code, "s").code(), BOOTFERRY_ERROR_AUTH) << code;
    }
    for (const auto code : {CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, CURLPX_REPLY_COMMAND_NOT_SUPPORTED,
                            CURLPX_LONG_HOSTNAME, CURLPX_LONG_USER}) {
        EXPECT_THAT(failureOfSocks(code, "s").what(), Not(HasSubstr("CURLINFO"))) << code;
    }
    for (const auto code : {CURLPX_BAD_VERSION, CURLPX_UNKNOWN_FAIL, CURLPX_LAST}) {
        EXPECT_EQ(failureOfSocks(code, "s").code(), BOOTFERRY_ERROR_PROTOCOL) << code;
    }
}

TEST(ProxyFailureTest, ThePlaceIsRead) {
    EXPECT_EQ(unconnectedPlace("Failed to connect to proxy port 3128 after 0 ms: Couldn't connect to server"),
              "proxy:3128");
    EXPECT_EQ(unconnectedPlace("Failed to connect to ::1 port 1 after 0 ms: x"), "[::1]:1");
    EXPECT_EQ(unconnectedPlace("Failed to connect to proxy port 3128"), "proxy:3128");
    EXPECT_EQ(unconnectedPlace("Failed to connect to proxy"), std::nullopt);
    EXPECT_EQ(unconnectedPlace("Connection refused"), std::nullopt);
    EXPECT_EQ(unconnectedPlace(""), std::nullopt);
}

} // namespace
} // namespace bootferry::curl
