// SPDX-License-Identifier: LGPL-2.1-or-later
// The variable as efivarfs shows it (four bytes of attributes, then UTF-16), and what a path relative to it
// becomes.
#include "boot_origin.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "boot_request.h"
#include "errors.h"
#include "files.h"

using namespace bootferry;

namespace {

constexpr std::string_view volatileAttributes("\x06\0\0\0", 4);  // for the boot loader and the system
constexpr std::string_view permanentAttributes("\x07\0\0\0", 4); // kept in the firmware, too

std::string utf16(std::string_view text) {
    std::string result;
    for (const char c : text) {
        result += c;
        result += '\0';
    }
    return result;
}

std::string rootOf(const std::string& line, const std::string& origin) {
    return withBootOrigin(KernelCommandLine::parse(line), [&] { return origin; })
        .find("root")
        ->value.value_or("");
}

std::string failureOf(const std::string& line, const std::optional<std::string>& origin) {
    try {
        (void)withBootOrigin(KernelCommandLine::parse(line), [&] { return origin; });
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

class BootOrigin : public testing::Test {
protected:
    void SetUp() override {
        folder = testing::TempDir() + "bootferry-origin-XXXXXX";
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::optional<std::string> originOf(const std::string& bytes) const {
        writeFileAtomically(folder + "/LoaderDeviceURL-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", bytes);
        return readBootOrigin(folder);
    }

    std::string folder;
};

} // namespace

TEST_F(BootOrigin, IsTheTextOfTheVariable) {
    const std::string url = "http://10.0.0.1/boot/uki.efi";
    EXPECT_EQ(originOf(std::string(volatileAttributes) + utf16(url) + std::string(2, '\0')), url);
    EXPECT_EQ(originOf(std::string(volatileAttributes) + utf16(url)), url); // without a NUL
    EXPECT_EQ(originOf(std::string(volatileAttributes) + utf16(url) + std::string(2, '\0') + utf16("junk")),
              url);
}

TEST_F(BootOrigin, IsUnknownWithoutTheVariable) {
    EXPECT_EQ(readBootOrigin(folder), std::nullopt);
    EXPECT_EQ(readBootOrigin(folder + "/missing"), std::nullopt);
}

TEST_F(BootOrigin, RefusesAVariableThatIsNotAUrlOfThisBoot) {
    const std::string url = utf16("http://10.0.0.1/uki.efi");
    const std::string bytes[] = {
        "",
        std::string(volatileAttributes),
        std::string(volatileAttributes) + std::string(2, '\0'),
        std::string(volatileAttributes) + "http://10.0.0.1/uki.efi", // not UTF-16
        std::string(volatileAttributes) + utf16("http://10.0.0.1/a b"),
        std::string(volatileAttributes) + utf16("http://10.0.0.1/\n"),
        std::string(volatileAttributes) + std::string("\x30\x4e", 2) + url,
        std::string(permanentAttributes) + url,
    };
    for (const auto& text : bytes) {
        EXPECT_THROW((void)originOf(text), Error) << ::testing::PrintToString(text);
    }
}

TEST_F(BootOrigin, APathIsRelativeToItAsALinkToItsPage) {
    const std::string origin = "https://[2001:db8::1]:8443/boot/uki.efi?arch=x64#part";
    EXPECT_EQ(rootOf("root=live:bootorigin:live.iso", origin),
              "live:https://[2001:db8::1]:8443/boot/live.iso");
    EXPECT_EQ(rootOf("root=live:bootorigin:iso/live.iso?v=2", origin),
              "live:https://[2001:db8::1]:8443/boot/iso/live.iso?v=2");
    EXPECT_EQ(rootOf("root=live:bootorigin:/iso/live.iso", origin),
              "live:https://[2001:db8::1]:8443/iso/live.iso");
    EXPECT_EQ(rootOf("root=live:bootorigin:live.iso", "http://server"), "live:http://server/live.iso");
    EXPECT_EQ(rootOf("root=live:bootorigin:live.iso", "http://server/?x=/y/"), "live:http://server/live.iso");
}

TEST_F(BootOrigin, ItsUserNameAndPasswordAreNotPassedOn) {
    EXPECT_EQ(rootOf("root=live:bootorigin:live.iso", "http://user:secret@server/uki.efi"),
              "live:http://server/live.iso");
}

TEST_F(BootOrigin, ServesTheChecksumListToo) {
    const auto line =
        withBootOrigin(KernelCommandLine::parse(
                           "root=live:bootorigin:live.iso rd.bootferry.checksum=bootorigin:SHA256SUMS quiet"),
                       [] { return "http://server/boot/uki.efi"; });
    const auto request = parseBootRequest(line).value();
    EXPECT_EQ(request.transfer()->url.redacted(), "http://server/boot/live.iso");
    EXPECT_EQ(request.transfer()->checksumUrl.value().redacted(), "http://server/boot/SHA256SUMS");
    EXPECT_NE(line.find("quiet"), nullptr);
}

TEST_F(BootOrigin, IsReadOnlyIfTheLineAsksForIt) {
    const auto mustNotBeRead = []() -> std::optional<std::string> {
        ADD_FAILURE();
        return std::nullopt;
    };
    for (const char* text :
         {"root=live:http://server/bootorigin:x", "root=bootorigin:x",
          "root=live:LABEL=bootorigin:", "rd.bootferry.mirror=bootorigin:x", "bootorigin:x", "root"}) {
        const auto line = KernelCommandLine::parse(text);
        EXPECT_FALSE(asksForBootOrigin(line)) << text;
        EXPECT_EQ(withBootOrigin(line, mustNotBeRead).arguments().size(), line.arguments().size());
    }
    EXPECT_TRUE(asksForBootOrigin(KernelCommandLine::parse("rd.bootferry.checksum=bootorigin:x")));
}

TEST_F(BootOrigin, AnUnknownOrUnusableOneIsRefusedWithWordsThatHelp) {
    const std::string line = "root=live:bootorigin:live.iso";
    EXPECT_NE(failureOf(line, std::nullopt).find("write the whole URL instead"), std::string::npos);
    EXPECT_NE(failureOf(line, "ftp://server/uki.efi").find("booted over ftp"), std::string::npos);
    EXPECT_NE(failureOf(line, "nonsense").find("LoaderDeviceURL"), std::string::npos);
}

TEST_F(BootOrigin, RefusesAPathThatNamesAnotherServer) {
    for (const char* path : {"", "//evil/live.iso", "http://evil/live.iso"}) {
        EXPECT_NE(failureOf(std::string("root=live:bootorigin:") + path, "http://server/uki.efi"), "")
            << path;
    }
}
