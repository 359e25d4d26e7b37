// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http2_goaway.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(Http2GoawayTest, LibcurlsLinesHaveTheCode) {
    EXPECT_EQ(goawayCode("recveived GOAWAY, error=0, last_stream=0\n"), 0U); // 7.88
    EXPECT_EQ(goawayCode("received GOAWAY, error=11, last_stream=2147483647\n"), 11U);
    for (const auto* line :
         {"", "GOAWAY", "received GOAWAY, error=", "received GOAWAY, error=x", "GOAWAY, error=99999999999"}) {
        EXPECT_FALSE(goawayCode(line)) << line;
    }
}

TEST(Http2GoawayTest, AServerThatDrainsIsWaitedFor) {
    EXPECT_EQ(failureOfGoaway(0, "server").code(), BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT_STREQ(failureOfGoaway(11, "server").what(),
                 "server ended the connection before it answered (GOAWAY of HTTP/2: ENHANCE_YOUR_CALM)");
    EXPECT_EQ(failureOfGoaway(1, "server").code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_EQ(failureOfGoaway(13, "server").code(), BOOTFERRY_ERROR_PROTOCOL);
    EXPECT_STREQ(failureOfGoaway(14, "server").what(),
                 "server ended the connection before it answered (GOAWAY of HTTP/2: error 14)");
}

} // namespace
} // namespace bootferry::curl
