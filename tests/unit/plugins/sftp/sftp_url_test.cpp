// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_url.h"

#include <gtest/gtest.h>

#include "host.h"

namespace bootferry::sftp {
namespace {

TEST(SftpUrlTest, TakesAUrlApart) {
    const auto plain = SftpUrl::parse("sftp://files.example/srv/live.iso");
    EXPECT_EQ(plain.host, "files.example");
    EXPECT_EQ(plain.port, 22);
    EXPECT_EQ(plain.path, "/srv/live.iso");
    EXPECT_EQ(plain.authority(), "files.example:22");

    const auto v6 = SftpUrl::parse("sftp://[fe80::1%25eth0]:2222/a");
    EXPECT_EQ(v6.host, "fe80::1%eth0");
    EXPECT_EQ(v6.port, 2222);
    EXPECT_EQ(v6.authority(), "[fe80::1%eth0]:2222");

    EXPECT_EQ(SftpUrl::parse("sftp://host:/a").port, 22);
    EXPECT_EQ(SftpUrl::parse("sftp://someone:hidden@host/a").authority(), "host:22");
}

TEST(SftpUrlTest, DecodesThePath) {
    EXPECT_EQ(SftpUrl::parse("sftp://h/an%20image%3f").path, "/an image?");
    EXPECT_EQ(SftpUrl::parse("sftp://h/a?b").path, "/a?b");
    EXPECT_EQ(SftpUrl::parse("sftp://h/~/images/a").path, "images/a");
    EXPECT_EQ(SftpUrl::parse("sftp://h/~other/a").path, "/~other/a");
}

TEST(SftpUrlTest, RefusesAnInvalidUrl) {
    for (const auto* text : {"http://h/a", "sftp:///a", "sftp://h", "sftp://h/~/", "sftp://h:0/a",
                             "sftp://h:65536/a", "sftp://h:x/a", "sftp://[::1/a", "sftp://[::1]x/a",
                             "sftp://h/%", "sftp://h/%4", "sftp://h/%zz", "sftp://h/a%00"}) {
        try {
            (void)SftpUrl::parse(text);
            ADD_FAILURE() << text;
        } catch (const plugin::Failure& failure) {
            EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_INVALID) << text;
        }
    }
}

} // namespace
} // namespace bootferry::sftp
