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

TEST(LiveImageProbe, HandlesAShortHead) {
    EXPECT_TRUE(verdict("hsq"));
}

} // namespace
} // namespace bootferry
