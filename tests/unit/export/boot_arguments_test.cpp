// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel command line of an entry: what is added, what is refused.
#include "boot_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boot_request.h"
#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;

std::string lineWith(std::string_view options, std::string_view layout = "") {
    return joined(bootArguments("http://h/n/v/n.iso", "http://h/n/v/SHA256SUMS", layout,
                                KernelCommandLine::parse(options)));
}

template <typename Call>
std::string refusal(Call call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
    return "accepted";
}

TEST(BootArguments, AreThoseOfTheImageAndTheOptions) {
    const std::string usual =
        "root=live:http://h/n/v/n.iso ip=dhcp rd.bootferry.checksum=http://h/n/v/SHA256SUMS";
    EXPECT_EQ(lineWith(""), usual);
    EXPECT_EQ(lineWith("quiet a=b"), usual + " quiet a=b");
    EXPECT_EQ(lineWith("", "rd.live.dir=live rd.live.squashimg=f"),
              usual + " rd.live.dir=live rd.live.squashimg=f");
    EXPECT_EQ(lineWith("x='a b'"), usual + " \"x=a b\"");
}

TEST(BootArguments, OptionsTakePrecedence) {
    EXPECT_EQ(lineWith("ip=ibft"),
              "root=live:http://h/n/v/n.iso rd.bootferry.checksum=http://h/n/v/SHA256SUMS ip=ibft");
    EXPECT_EQ(lineWith("rd.bootferry.checksum=sha256:00"),
              "root=live:http://h/n/v/n.iso ip=dhcp rd.bootferry.checksum=sha256:00");
}

// What is written is what the boot's own parser reads.
TEST(BootArguments, AreReadAsWritten) {
    const auto line = KernelCommandLine::parse(lineWith("console=ttyS0,115200 'a=b c' rd.live.check"));
    ASSERT_NE(line.find("a"), nullptr);
    EXPECT_EQ(line.find("a")->value, "b c");
    EXPECT_TRUE(parseBootRequest(line)->check);
}

TEST(BootArguments, WithCharactersThatLoadersReadDifferentlyAreRefused) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {R"(a=b\x20)", "quotes and backslashes"},
        {R"("a='b'")", "quotes and backslashes"},
        {"a=${net0/mac}", "iPXE"},
        {"#a", "iPXE"},
        {"a && b", "iPXE"},
        {"a ; b", "iPXE"},
        {"a=\x01", "printable"},
        {"a=\xc3\xa4", "printable"},
        {"\"a=b\nLABEL other\"", "printable"},
    };
    for (const auto& [options, why] : cases) {
        EXPECT_THAT(
            refusal([&text = options] { requireWritable(KernelCommandLine::parse(text).arguments()); }),
            HasSubstr(why))
            << options;
    }
    requireWritable(KernelCommandLine::parse("a=$b {c} d;e f|g h&i <j> k#l").arguments());
}

TEST(BootArguments, AreNotTooLong) {
    requireWritable(KernelCommandLine::parse(std::string(1900, 'a')).arguments());
    EXPECT_THAT(
        refusal([] { requireWritable(KernelCommandLine::parse(std::string(1901, 'a')).arguments()); }),
        HasSubstr("1901 characters"));
}

TEST(BootArguments, ARootIsRefused) {
    EXPECT_THAT(refusal([] { requireNoRoot(KernelCommandLine::parse("quiet root=/dev/sda")); }),
                HasSubstr("root="));
}

std::string secretRefusal(const std::string& options) {
    const auto request = parseBootRequest(KernelCommandLine::parse("root=live:http://h/n.iso " + options));
    return refusal([&request] { requireNoSecrets(*request->transfer()); });
}

TEST(BootArguments, SecretsAreRefused) {
    for (const auto* options :
         {"rd.kiwi.live.curl_options=--user,me:pw", "rd.kiwi.live.curl_options=--proxy,http://me:pw@p",
          "rd.bootferry.option=x:token=pw"}) {
        const auto text = secretRefusal(options);
        EXPECT_THAT(text, HasSubstr("may be a secret")) << options;
        EXPECT_THAT(text, testing::Not(HasSubstr("pw"))) << options;
    }
    EXPECT_EQ(
        secretRefusal("rd.kiwi.live.curl_options=--proxy,http://p:3128 rd.bootferry.mirror=http://o/n.iso"),
        "accepted");
}

TEST(BaseUrl, HasNoSlashAtItsEnd) {
    EXPECT_EQ(parseBaseUrl("http://10.0.0.1"), "http://10.0.0.1");
    EXPECT_EQ(parseBaseUrl("http://10.0.0.1/"), "http://10.0.0.1");
    EXPECT_EQ(parseBaseUrl("ftp://[2001:db8::1]:2121/a%20b//"), "ftp://[2001:db8::1]:2121/a%20b");
}

TEST(BaseUrl, IsOneThatNamesCanBeAddedTo) {
    for (const auto* text : {"http://h/?a=b", "http://h/#a", "http://h/a b", "http://h/'a'", "http://h/\"a\"",
                             "http://h/${a}", "http://h/a,b", "http://h/a;b", "http://h/a\nb", "/srv/tftp",
                             "http://", "host", "http://h/a`b`", "http://h/a\\b"}) {
        EXPECT_NE(refusal([text] { (void)parseBaseUrl(text); }), "accepted") << text;
    }
}

TEST(BaseUrl, HasNoUser) {
    const auto text = refusal([] { (void)parseBaseUrl("http://me:pw@h/"); });
    EXPECT_THAT(text, HasSubstr("user name"));
    EXPECT_THAT(text, testing::Not(HasSubstr("pw")));
}

} // namespace
} // namespace bootferry
