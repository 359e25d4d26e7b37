// SPDX-License-Identifier: LGPL-2.1-or-later
// libblkid over images of a few signatures, in memory: what decides when a disk carries more than one.
#include "live_image.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using Kind = Contents::Kind;

constexpr off_t imageSize = 8 << 20; // libblkid takes the first signature of anything like a floppy disk

class Image {
public:
    Image() : fd_(checkErrno(::memfd_create("image", MFD_CLOEXEC), "memfd_create")) {
        checkErrno(::ftruncate(fd_.get(), imageSize), "ftruncate");
    }
    Image& write(off_t offset, const std::string& bytes) {
        EXPECT_EQ(::pwrite(fd_.get(), bytes.data(), bytes.size(), offset),
                  static_cast<ssize_t>(bytes.size()));
        return *this;
    }
    // ECMA-119 8.4 and 9.1: type, standard identifier, version; volume identifier; and, both ways round, what
    // libblkid 2.42 wants: the bytes in a block, place and size of the root folder, and there the folder's
    // own record.
    Image& iso(std::string label) {
        label.resize(32, ' ');
        const auto root = "\x12\0\0\0\0\0\0\x12\0\x08\0\0\0\0\x08\0"s;
        return write(32768, "\1CD001\1"s)
            .write(32768 + 40, label)
            .write(32768 + 128, "\0\x08\x08\0"s)
            .write(32768 + 156, "\x22\0"s + root)
            .write(36864, "\x22\0"s + root + "\0\0\0\0\0\0\0\2\0\0\1\0\0\1\1"s);
    }
    Image& mbr() { // one active partition of type 0x17 from sector 64
        return write(446, "\x80\0\0\0\x17\0\0\0\x40\0\0\0\0\x10\0\0"s).write(510, "\x55\xaa"s);
    }
    Image& raid() { // md, version 0.90.0: in the last whole 64 KiB but one, size in KiB
        std::string superblock("\xfc\x4e\x2b\xa9\0\0\0\0\x5a\0\0\0"s);
        superblock.resize(32, '\0');
        return write(imageSize - 65536, superblock + "\0\x10\0\0"s);
    }
    [[nodiscard]] Contents contents() const { return probeContents(fd_.get(), "image"); }

private:
    UniqueFd fd_;
};

TEST(LiveImage, AHybridIsoIsAnIso) {
    const auto contents = Image().mbr().iso("CDROM").contents();
    EXPECT_EQ(contents.kind, Kind::FileSystem);
    EXPECT_EQ(contents.type, "iso9660");
    EXPECT_EQ(contents.label, "CDROM");
    EXPECT_EQ(describe(contents), "the ISO 9660 'CDROM'");
}

TEST(LiveImage, ARaidThatWasThereBeforeDoesNotHideTheIso) {
    ASSERT_EQ(Image().raid().contents().type, "linux_raid_member") << "or this shows nothing";
    EXPECT_EQ(Image().iso("CDROM").raid().contents().type, "iso9660");
}

TEST(LiveImage, ForeignSignaturesAreNamed) {
    const auto contents = Image().write(0, "LUKS\xba\xbe\0\1"s).contents();
    EXPECT_EQ(contents.kind, Kind::Foreign);
    EXPECT_EQ(whyNotMountable(contents), "it holds crypto_LUKS, which is not a file system");
}

TEST(LiveImage, APartitionTableAloneIsNoImage) {
    const auto contents = Image().mbr().contents();
    EXPECT_EQ(contents.kind, Kind::Nothing);
    EXPECT_EQ(whyNotMountable(contents),
              "it holds no file system but a partition table (dos, partitions: 1): name the partition that "
              "holds the live image");
}

TEST(LiveImage, WhatIsThereInstead) {
    EXPECT_EQ(whyNotMountable(Image().contents()), "it holds no file system (it begins with zeros)");
    EXPECT_EQ(whyNotMountable(Image().write(0, "<!DOCTYPE html>\n<title>").contents()),
              "it holds no file system (it begins with '<!DOCTYPE html>')");
    EXPECT_EQ(whyNotMountable(Image().write(0, "\1\2\3").contents()),
              "it holds no file system (no known signature was found)");
    EXPECT_EQ(whyNotMountable({}), "it holds no file system (it is empty)");
}

TEST(LiveImage, AnEmptyFileIsNoSurprise) {
    const UniqueFd fd(checkErrno(::memfd_create("empty", MFD_CLOEXEC), "memfd_create"));
    EXPECT_EQ(probeContents(fd.get(), "empty").kind, Kind::Nothing);
}

TEST(LiveImage, Containers) {
    const auto fileSystem = [](const char* type) { return Contents{.kind = Kind::FileSystem, .type = type}; };
    EXPECT_TRUE(isContainer(fileSystem("squashfs")));
    EXPECT_TRUE(isContainer(fileSystem("erofs")));
    EXPECT_FALSE(isContainer(fileSystem("ext4")));
    EXPECT_FALSE(isContainer(fileSystem("iso9660")));
    EXPECT_FALSE(isContainer(Contents{.kind = Kind::Foreign, .type = "squashfs"}));
}

TEST(LiveImage, NothingIsReplayed) {
    EXPECT_EQ(readOnlyOptions("iso9660"), "ro");
    EXPECT_EQ(readOnlyOptions("ext4"), "ro,noload");
    EXPECT_EQ(readOnlyOptions("ext3"), "ro,noload");
    EXPECT_EQ(kernelFilesystem("ext3"), "ext4");
    EXPECT_EQ(readOnlyOptions("xfs"), "ro,norecovery,nouuid");
    EXPECT_EQ(readOnlyOptions("btrfs"), "ro,rescue=nologreplay");
}

TEST(LiveImage, TextFromAnImageIsFitForAConsole) {
    EXPECT_EQ(printable("\x1b[2Jboot\n\xc3\xa4"), "?[2Jboot???");
    EXPECT_EQ(printable(std::string(41, 'a')), std::string(40, 'a') + "...");
    EXPECT_EQ(listed({"casper", "boot"}), "'boot', 'casper'");
    EXPECT_EQ(listed({}), "nothing");
    EXPECT_THAT(listed(std::vector<std::string>(13, "x")), HasSubstr("'x' and 3 more"));
    EXPECT_EQ(describe({.kind = Kind::FileSystem, .type = "ext4", .label = "\x1b[0m"}),
              "the ext4 file system '?[0m'");
}

} // namespace
} // namespace bootferry
