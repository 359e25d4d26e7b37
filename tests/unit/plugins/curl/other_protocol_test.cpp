// SPDX-License-Identifier: LGPL-2.1-or-later
#include "other_protocol.h"

#include <gtest/gtest.h>

namespace bootferry::curl {
namespace {

TEST(OtherProtocolTest, TheProtocolIsNamed) {
    const auto words = [](std::string_view bytes) {
        const auto failure = otherProtocol("HTTP", "server:22", bytes);
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_PROTOCOL);
        return std::string(failure.what());
    };
    EXPECT_EQ(
        words("SSH-2.0-OpenSSH_9.2\r\n"),
        "server:22 does not answer in HTTP, but in SSH ('SSH-2.0-OpenSSH_9.2'): check the port in the URL");
    EXPECT_EQ(
        words("220 (vsFTPd 3.0.3)\r\n"),
        "server:22 does not answer in HTTP, but in FTP ('220 (vsFTPd 3.0.3)'): check the port in the URL");
    EXPECT_EQ(words(std::string_view("\x15\x03\x01\x00\x02\x02\x28", 7)),
              "server:22 does not answer in HTTP, but in TLS: the URL must begin with https://");
    EXPECT_EQ(words("+OK POP3 ready\r\n"),
              "server:22 does not answer in HTTP ('+OK POP3 ready'): check the port in the URL");
    for (const auto bytes : {std::string_view(), std::string_view("\0\1", 2), std::string_view("\xff\xff\n"),
                             std::string_view("\x1b[2J\n")}) {
        EXPECT_EQ(words(bytes), "server:22 does not answer in HTTP: check the port in the URL");
    }
    EXPECT_LT(words(std::string(10000, 'x')).size(), 200U);
}

} // namespace
} // namespace bootferry::curl
