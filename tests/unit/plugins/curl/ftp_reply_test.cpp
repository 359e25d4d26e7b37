// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ftp_reply.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(FtpReplyTest, ASizeThatNoFileHasIsSeen) {
    for (const auto* reply :
         {"213 9223372036854775808", "213 18446744073709551616", "213 size 99999999999999999999",
          "213 18446744073709551621\r", "150 Opening data connection (18446744073709551621 bytes)",
          "125 Data connection open (99999999999999999999 bytes)."}) {
        EXPECT_TRUE(hasImpossibleSize(reply)) << reply;
    }
}

TEST(FtpReplyTest, OtherNumbersAreNoSizes) {
    for (const auto* reply :
         {"", "213", "213 ", "213 0", "213 9223372036854775807", "213 00000000000000000000000000007",
          "213 20240101000000", "213 20240101000000.123", "150 99999999999999999999.iso (12 bytes)",
          "150 99999999999999999999", "226 99999999999999999999 bytes", "230 99999999999999999999"}) {
        EXPECT_FALSE(hasImpossibleSize(reply)) << reply;
    }
}

} // namespace
} // namespace bootferry::curl
