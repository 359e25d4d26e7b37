// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of `bootferryctl export`, and the name that an ISO gets.
#include "export_request.h"

#include <gtest/gtest.h>

#include "errors.h"
#include "verbs.h"

namespace bootferry {
namespace {

ExportRequest parse(std::vector<std::string> words) {
    words.insert(words.begin(), "export");
    return parseExport(parseCommandLine(allVerbs(), words));
}

TEST(ExportRequest, TheUsualOne) {
    const auto request = parse({"/a/live.x86_64-1.0.iso", "/srv", "--url=http://h/", "--", "quiet", "a=b"});
    EXPECT_EQ(request.name, "live.x86_64-1.0");
    EXPECT_EQ(request.url, "http://h");
    EXPECT_EQ(request.options.arguments().size(), 2U);
    EXPECT_EQ(request.dhcp, DhcpServer::All);
    EXPECT_FALSE(request.link);
}

TEST(ExportRequest, PathsInTheIsoMayBeginWithASlash) {
    const auto request = parse({"i", "f", "--url=http://h", "--kernel=/boot/k", "--initrd=./boot/i"});
    EXPECT_EQ(request.kernel, "boot/k");
    EXPECT_EQ(request.initrd, "boot/i");
}

TEST(ExportRequest, WhatIsWrongIsRefused) {
    const std::vector<std::vector<std::string>> cases{
        {"i", "f"},
        {"i", "--url=http://h"},
        {"i", "f", "--url=http://h", "--name=a/b"},
        {"i", "f", "--url=http://h", "--name=.."},
        {"i", "f", "--url=http://h", "--name="},
        {"i", "f", "--url=http://h", "--name=GRUB"},
        {"i", "f", "--url=http://h", "--name=a\nb"},
        {"i", "f", "--url=http://h", "--dhcp=other"},
        {"i", "f", "--url=http://h", "--kernel=/"},
        {"i", "f", "--url=http://h", "--initrd=a", "--initrd-file=b"},
        {"i", "f", "--url=http://h", "--", "root=/dev/sda"},
        {"pxelinux.cfg.iso", "f", "--url=http://h"},
        {"....iso", "f", "--url=http://h"},
    };
    for (const auto& words : cases) {
        EXPECT_THROW((void)parse(words), Error) << words.back();
    }
}

TEST(ExportName, HasNoCharacterWithAMeaning) {
    EXPECT_EQ(exportName("/x/live.iso"), "live");
    EXPECT_EQ(exportName("LIVE.ISO"), "LIVE");
    EXPECT_EQ(exportName("no-ending"), "no-ending");
    EXPECT_EQ(exportName("my live (1) 'a'.iso"), "my-live--1---a-");
    EXPECT_EQ(exportName("a\n}\nLABEL b.iso"), "a---LABEL-b");
    EXPECT_EQ(exportName("-rf.iso"), "rf");
    EXPECT_EQ(exportName(".hidden.iso"), "hidden");
    EXPECT_EQ(exportName(std::string(300, 'a') + ".iso"), std::string(100, 'a'));
}

} // namespace
} // namespace bootferry
