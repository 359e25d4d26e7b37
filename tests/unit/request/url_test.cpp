// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of a URL, the refused URLs, and that no message contains a password.
#include "url.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view text) {
    try {
        static_cast<void>(Url::parse(text));
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
    return "(accepted)";
}

TEST(Url, isParsed) {
    const auto url = Url::parse("HTTP://Boot.Example.ORG:8080/Image/live.iso?a=b&c#part");
    EXPECT_EQ(url.scheme(), "http");
    EXPECT_EQ(url.host(), "boot.example.org");
    EXPECT_EQ(url.port(), 8080);
    EXPECT_EQ(url.path(), "/Image/live.iso?a=b&c");
    EXPECT_FALSE(url.userinfo());
    EXPECT_EQ(url.redacted(), "http://boot.example.org:8080/Image/live.iso?a=b&c");
}

TEST(Url, mayEndAfterTheHost) {
    EXPECT_EQ(Url::parse("dolly://10.0.0.1").path(), "");
    EXPECT_EQ(Url::parse("http://host:").port(), std::nullopt);
    EXPECT_EQ(Url::parse("http://host?q").path(), "/?q");
    EXPECT_EQ(Url::parse("com.x+y-1://host/").scheme(), "com.x+y-1");
}

TEST(Url, knowsIpv6) {
    const auto url = Url::parse("http://[2001:DB8::1]:81/x");
    EXPECT_EQ(url.host(), "2001:db8::1");
    EXPECT_EQ(url.authority(), "[2001:db8::1]:81");
    for (const auto* text : {"http://[fe80::1%25eth0]/x", "http://[fe80::1%eth0]/x"}) {
        const auto zoned = Url::parse(text);
        EXPECT_EQ(zoned.host(), "fe80::1%eth0");
        EXPECT_EQ(zoned.redacted(), "http://[fe80::1%25eth0]/x");
    }
}

TEST(Url, keepsTheUserinfoApart) {
    const auto url = Url::parse("ftp://us%65r:p%40ss%3Aw%2f:x@host/f");
    ASSERT_TRUE(url.userinfo());
    EXPECT_EQ(url.userinfo()->user, "user");
    EXPECT_EQ(url.userinfo()->password, "p@ss:w/:x");
    EXPECT_EQ(url.redacted(), "ftp://host/f");
    EXPECT_EQ(Url::parse("ftp://user@host/f").userinfo()->password, std::nullopt);
    EXPECT_EQ(Url::parse("ftp://user:@host/f").userinfo()->password, "");
    EXPECT_EQ(Url::parse("http://host/a@b").path(), "/a@b");
}

TEST(Url, isShownWithoutItsQuery) {
    EXPECT_EQ(Url::parse("http://u:p@h:81/a.iso?token=geheim#x").shown(), "http://h:81/a.iso?...");
    EXPECT_EQ(Url::parse("http://h?geheim").shown(), "http://h/?...");
    EXPECT_EQ(Url::parse("http://[fe80::1%25eth0]/x").shown(), "http://[fe80::1%25eth0]/x");
    for (const auto* wrong :
         {"http://h/a?geheim b", "http://h/a?geheim%", "http://u@v@h/a?geheim", "h/a?geheim"}) {
        try {
            (void)Url::parse(wrong);
            ADD_FAILURE() << wrong;
        } catch (const Error& error) {
            EXPECT_EQ(std::string(error.what()).find("geheim"), std::string::npos) << error.what();
        }
    }
}

TEST(Url, redactedIsParsedAgain) {
    for (const auto* text : {"http://h/p?q", "http://[fe80::1%25eth0]:1/x", "sftp://u:p@h:22/%20"}) {
        const auto once = Url::parse(text).redacted();
        EXPECT_EQ(Url::parse(once).redacted(), once);
    }
}

TEST(Url, keepsHowItWasWritten) {
    for (const auto& [text, written] : std::map<std::string, std::string>{
             {"NFS://Server/A#b", "NFS://Server/A#b"},
             {"http://user:pass@Host:80?q#f", "http://Host:80?q#f"},
             {"ftp://u%40x@HOST", "ftp://HOST"},
             {"http://[FE80::1%eth0]/x", "http://[FE80::1%eth0]/x"},
         }) {
        const auto url = Url::parse(text);
        EXPECT_EQ(url.asWritten(), written);
        EXPECT_EQ(Url::parse(written).redacted(), url.redacted()); // what is passed on is parsed again
    }
}

TEST(Url, refusesWithTheReason) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "scheme"},
        {"10.0.0.1/live.iso", "scheme"},
        {"://host/", "scheme"},
        {"1http://host/", "scheme may contain only"},
        {"http:///live.iso", "has no host"},
        {"file:///live.iso", "give its path, without file://"},
        {"FILE:///live.iso", "give its path, without file://"},
        {"tftp://u:p@host/x", "tftp has no login"},
        {"nfs://u@host/x", "nfs has no login"},
        {"http://u:p@/live.iso", "has no host"},
        {"http://ho st/", "its host name contains a space"},
        {"http://h\xc3\xb6st/",
         "its host name contains '\xc3\xb6'; write the name in its ASCII form, which begins with xn--"},
        {"http://host/a b", "a space is not allowed in a URL; write it as %20"},
        {"http://host/\xc3\x84", "'\xc3\x84' is not allowed in a URL; write it as %C3%84"},
        {"http://host/\xe2\x82\xac", "write it as %E2%82%AC"},
        {"http://host/\xc4x", "'\\xc4' is not allowed in a URL; write it as %C4"},
        {"http://host/\xe2\x82", "write it as %E2"},
        {"http://host/live.iso\r", "CRLF line ends"},
        {"http://host/a\nb", "'\\x0a' is not allowed in a URL; write it as %0A"},
        {"http://user:s\xc3\xa9"
         "cret@host/",
         "write it percent-encoded"},
        {"http://host/\n", "%0A"},
        {"http://host/\xc3\xa4", "%C3"},
        {"http://host/%zz", "two hexadecimal digits"},
        {"http://host/%2", "two hexadecimal digits"},
        {"http://ho%20st/", "host name"},
        {"http://2001:db8::1/x", "brackets"},
        {"http://[2001:db8::1/x", "brackets"},
        {"http://[::1]8080/", "brackets"},
        {"http://[1.2.3.4]/", "IPv6"},
        {"http://[fe80::1%25]/", "zone"},
        {"http://[fe80::1%]/", "zone"},
        {"http://host:0/", "port"},
        {"http://host:65536/", "port"},
        {"http://host:80a/", "port"},
        {"http://host:-1/", "port"},
    };
    for (const auto& [text, reason] : cases) {
        EXPECT_THAT(refusal(text), HasSubstr(reason)) << text;
    }
    EXPECT_THAT(refusal("http://h/" + std::string(9000, 'x')), HasSubstr("too long"));
}

TEST(Url, errorsNeverContainTheUserinfo) {
    for (const auto* text : {
             "http://anna:s3cret@ho st/",
             "http://anna:s3cret@host:99999/",
             "http://anna:s3cret@/",
             "http://anna:s3cret@[::g]/",
             "http://anna:s3cret@host/%zz",
             "http://anna:s3cret%zz@host/",
             "http://anna:s3cret%@host/",
             "http://anna:s3cret%0a@host/",
             "http://anna:x@s3cret@host/",
             "http://anna:s3cret/x@host/",
             "http://anna:1s3cret?x@host/",
             "anna:s3cret@host/",
             "ht tp://anna:s3cret@host/",
             "http://anna:s3 cret@host/",
         }) {
        const auto message = refusal(text);
        EXPECT_THAT(message, Not(HasSubstr("(accepted)"))) << text;
        EXPECT_THAT(message, Not(HasSubstr("s3"))) << text;
        EXPECT_THAT(message, Not(HasSubstr("anna"))) << text;
    }
}

} // namespace
} // namespace bootferry
