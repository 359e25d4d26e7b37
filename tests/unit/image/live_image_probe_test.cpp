// SPDX-License-Identifier: LGPL-2.1-or-later
// Magics at their offsets pass; for everything else the text tells a person what to do.
#include "live_image_probe.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

std::optional<std::string> verdict(std::string_view text) {
    return whyNotLive(std::as_bytes(std::span(text)));
}

std::string withMagic(std::size_t offset, std::string_view magic) {
    std::string head(liveProbeSize, '\0');
    return head.replace(offset, magic.size(), magic);
}

TEST(LiveImageProbe, AcceptsTheMagicsOfLiveImages) {
    EXPECT_FALSE(verdict(withMagic(0x8001, "CD001")));
    EXPECT_FALSE(verdict(withMagic(0, "hsqs")));
    EXPECT_FALSE(verdict(withMagic(1024, "\xe2\xe1\xf5\xe0")));
    EXPECT_FALSE(verdict(withMagic(1080, "\x53\xef")));
    EXPECT_FALSE(verdict(withMagic(0, "XFSB")));
    EXPECT_FALSE(verdict(withMagic(0x10040, "_BHRfS_M")));
}

TEST(LiveImageProbe, NamesTheFormat) {
    const auto format = [](std::string_view text) { return liveFormat(std::as_bytes(std::span(text))); };
    EXPECT_EQ(format(withMagic(0x8001, "CD001")), "ISO 9660");
    EXPECT_EQ(format(withMagic(0, "hsqs")), "squashfs");
    EXPECT_EQ(format(withMagic(0, "BZh")), "");
    EXPECT_EQ(format(""), "");
}

TEST(LiveImageProbe, DescribesOtherData) {
    EXPECT_EQ(verdict(""), "it is empty");
    EXPECT_EQ(verdict("  <html>\n<title>"), "it begins with '<html> <title>', an HTML page: check the URL");
    EXPECT_EQ(verdict("Not Found"), "it begins with 'Not Found'");
    EXPECT_EQ(
        verdict(withMagic(0, "BZh")),
        "it is compressed with bzip2, which bootferry cannot decode: serve it uncompressed, or compressed "
        "once with gzip, xz or zstd");
    EXPECT_EQ(verdict(std::string(liveProbeSize, '\0')),
              "it is not an ISO 9660, squashfs, erofs, ext4, xfs or btrfs image");
}

std::string withTable(unsigned char type, std::string_view behind = "") {
    auto head = withMagic(510, "\x55\xaa");
    head[446 + 4] = static_cast<char>(type);
    head[446 + 12] = 1;
    return head.replace(512, behind.size(), behind);
}

TEST(LiveImageProbe, NamesThePartitionTable) {
    const auto table = [](const std::string& head) { return partitionTable(std::as_bytes(std::span(head))); };
    EXPECT_EQ(table(withTable(0x83)), "MBR");
    EXPECT_EQ(table(withTable(0xee, "EFI PART")), "GPT");
    EXPECT_EQ(table(withTable(0xee)), "MBR");
    EXPECT_EQ(table(withTable(0x17, "EFI PART")), "MBR") << "a hybrid, as libfdisk(3) sees it";
    EXPECT_EQ(table(withTable(0)), "");
    EXPECT_EQ(table(withMagic(510, "\x55\xaa")), "");
    auto bootSector = withTable(0x83);
    bootSector[446 + 16] = 'a';
    EXPECT_EQ(table(bootSector), "") << "code, not a table";
    EXPECT_EQ(table(withTable(0x83).substr(0, 511)), "");
    EXPECT_EQ(verdict(withTable(0x83)),
              "it is a disk image with a partition table (MBR): serve the ISO, squashfs or erofs itself");
    EXPECT_FALSE(verdict(withTable(0x83).replace(0x8001, 5, "CD001"))) << "a hybrid ISO";
}

TEST(LiveImageProbe, ReadsTheLabel) {
    const auto label = [](std::string head, std::size_t offset, std::string_view text) {
        head.replace(offset, text.size(), text);
        return volumeLabel(std::as_bytes(std::span(head)));
    };
    EXPECT_EQ(label(withMagic(1080, "\x53\xef"), 1144, "sixteen bytes go on"), "sixteen bytes go");
    EXPECT_EQ(label(withMagic(0, "XFSB"), 108, "root"), "root");
    EXPECT_EQ(label(withMagic(0x10040, "_BHRfS_M"), 0x1012b, "root"), "root");
    EXPECT_EQ(label(withMagic(1024, "\xe2\xe1\xf5\xe0"), 1088, "root"), "root");
    EXPECT_EQ(label(withMagic(0, "hsqs"), 40, "root"), "");
    EXPECT_EQ(label("", 0, ""), "");
    EXPECT_EQ(label(withMagic(1080, "\x53\xef").substr(0, 1150), 1144, "ab"), "ab") << "the head ends there";
}

TEST(LiveImageProbe, HandlesAShortHead) {
    EXPECT_TRUE(verdict("hsq"));
}

} // namespace
} // namespace bootferry
