// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disk_contents.h"

#include <array>
#include <cerrno>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "declared_image_size.h"
#include "disk_plan.h"
#include "errors.h"
#include "handles.h"
#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr std::size_t isoDescriptor = std::size_t{16} * 2048;

class Disk {
public:
    explicit Disk(std::size_t size = std::size_t{4} << 20U) : bytes_(size) {}

    Disk& put(std::size_t offset, std::string_view text) {
        std::transform(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                       [](char c) { return static_cast<std::byte>(c); });
        return *this;
    }
    Disk& putNumber(std::size_t offset, std::uint64_t number, int width) {
        for (int i = 0; i < width; ++i) {
            bytes_.at(offset + static_cast<std::size_t>(i)) = static_cast<std::byte>(number >> (8 * i));
        }
        return *this;
    }
    Disk& iso(std::uint64_t blocks) {
        // libblkid wants the set terminator as well.
        put(isoDescriptor, "\x01"
                           "CD001\x01");
        put(isoDescriptor + 40, "CDROM                           ");
        put(isoDescriptor + 2048, "\xff"
                                  "CD001\x01");
        // Both ways round, what libblkid 2.42 wants: the bytes in a block, and the root folder, whose record
        // is in the descriptor and in the folder.
        putNumber(isoDescriptor + 80, blocks, 4).putNumber(isoDescriptor + 128, 0x00080800, 4);
        constexpr std::uint64_t root = 18;
        for (const std::uint64_t record : {std::uint64_t{isoDescriptor + 156}, root * 2048}) {
            putNumber(record, 34, 2)
                .putNumber(record + 2, root | root << 56U, 8)
                .putNumber(record + 10, 0x0008000000000800, 8)
                .putNumber(record + 25, 2, 1)
                .putNumber(record + 28, 0x01000001, 4)
                .putNumber(record + 32, 1, 1);
        }
        return *this;
    }

    [[nodiscard]] std::span<const std::byte> head() const {
        return std::span(bytes_).first(declaredSizeProbe);
    }
    [[nodiscard]] DiskContents contents() const {
        const UniqueFd memory(::memfd_create("disk", MFD_CLOEXEC));
        EXPECT_EQ(::write(memory.get(), bytes_.data(), bytes_.size()), static_cast<ssize_t>(bytes_.size()));
        return readDiskContents(memory.get());
    }

private:
    std::vector<std::byte> bytes_;
};

TEST(DeclaredImageSize, IsTheSizeInTheImagesHead) {
    EXPECT_EQ(declaredImageSize(Disk().iso(1000).head()), 2048000U);
    EXPECT_EQ(declaredImageSize(Disk().put(0, "hsqs").putNumber(40, 123456, 8).head()), 123456U);
    EXPECT_EQ(declaredImageSize(
                  Disk().put(1024, "\xe2\xe1\xf5\xe0").putNumber(1036, 12, 1).putNumber(1060, 100, 4).head()),
              409600U);
}

TEST(DeclaredImageSize, OfASquashfsMayBePadded) {
    const auto padded = [](std::uint64_t declared) {
        return paddedImageSize(Disk().put(0, "hsqs").putNumber(40, declared, 8).head());
    };
    EXPECT_EQ(padded(123456), 126976U);
    EXPECT_EQ(padded(1), 4096U);
    EXPECT_FALSE(padded(126976));
    EXPECT_FALSE(padded(UINT64_MAX));
    EXPECT_FALSE(paddedImageSize(Disk().iso(1001).head()));
    EXPECT_FALSE(paddedImageSize(Disk().head()));
}

TEST(DeclaredImageSize, IsNothingForAnythingElse) {
    EXPECT_FALSE(declaredImageSize(Disk().head()));
    EXPECT_FALSE(declaredImageSize(Disk().put(1080, "\x53\xef").head()));
    EXPECT_FALSE(declaredImageSize(Disk().iso(1000).head().first(100)));
    EXPECT_FALSE(declaredImageSize(
        Disk().put(1024, "\xe2\xe1\xf5\xe0").putNumber(1036, 200, 1).putNumber(1060, 100, 4).head()));
}

TEST(DiskContents, AreBlankWhereNothingIsSeen) {
    EXPECT_EQ(Disk().contents().state, DiskState::Blank);
    EXPECT_EQ(Disk(std::size_t{40} << 20U).contents().state, DiskState::Blank);
    const std::string discarded(64 * 512, '\xff'); // as some flash returns what was discarded
    EXPECT_EQ(Disk().put(1024, discarded).contents().state, DiskState::Blank);
}

TEST(DiskContents, AreUnknownIfTheDataIsNotRecognised) {
    const auto words = Disk().put(5000, "some old words").contents();
    EXPECT_EQ(words.state, DiskState::Unknown);
    EXPECT_EQ(words.description, "unknown data (at byte 5000: 'some old words')");
    const auto bytes = Disk().put(0, "\x8f\x01\x02").contents();
    EXPECT_EQ(bytes.state, DiskState::Unknown);
    EXPECT_EQ(bytes.description, "unknown data (at byte 0: 8f 01 02 00 00 00 00 00)");
    EXPECT_EQ(Disk().put((4U << 20U) - 1, "x").contents().state, DiskState::Unknown);
}

TEST(DiskContents, AreForeignWhereASignaturesOwnChecksumIsWrong) {
    // An LVM2 label: "LABELONE", its sector, a checksum that does not fit, where the rest begins, the kind.
    const auto contents = Disk()
                              .put(512, "LABELONE")
                              .putNumber(520, 1, 8)
                              .putNumber(528, 1234, 4)
                              .putNumber(532, 32, 4)
                              .put(536, "LVM2 001")
                              .contents();
    EXPECT_EQ(contents.state, DiskState::Foreign);
    EXPECT_EQ(contents.description, "damaged LVM physical volume");
}

TEST(DiskContents, AreIncompleteWhereOurMarkIs) {
    EXPECT_EQ(Disk().put(0, incompleteMark).contents().state, DiskState::Incomplete);
    // What the image would be, or what was there before, does not count then.
    EXPECT_EQ(Disk().iso(10).put(0, incompleteMark).contents().state, DiskState::Incomplete);
}

TEST(DiskContents, AreDeployedWhereAnImageHasRoom) {
    const auto contents = Disk().iso(2048).contents();
    EXPECT_EQ(contents.state, DiskState::Deployed);
    EXPECT_EQ(contents.imageSize, 4U << 20U);
    EXPECT_NE(contents.description.find("ISO 9660 'CDROM'"), std::string::npos) << contents.description;
}

TEST(DiskContents, AreForeignIfTheDeclaredSizeExceedsTheDisk) {
    const auto contents = Disk().iso(2049).contents();
    EXPECT_EQ(contents.state, DiskState::Foreign);
    EXPECT_NE(contents.description.find("larger than the disk"), std::string::npos) << contents.description;
}

TEST(DiskContents, AreForeignWithAPartitionTableAlone) {
    Disk disk;
    disk.put(510, "\x55\xaa")
        .putNumber(446 + 4, 0x83, 1)
        .putNumber(446 + 8, 2048, 4)
        .putNumber(446 + 12, 4096, 4);
    const auto contents = disk.contents();
    EXPECT_EQ(contents.state, DiskState::Foreign);
    EXPECT_EQ(contents.description, "MBR with 1 partition");
}

TEST(PlanDisk, IsTheTable) {
    const auto plan = [](DiskState state, bool reset) {
        return planDisk("/dev/sda", {.state = state, .description = "ext4 'data'"}, reset, "--reset");
    };
    for (const auto state : {DiskState::Foreign, DiskState::Unknown, DiskState::Unreadable}) {
        EXPECT_EQ(plan(state, true), DiskPlan::Deploy);
        EXPECT_THROW((void)plan(state, false), Error);
    }
    for (const bool reset : {false, true}) {
        EXPECT_EQ(plan(DiskState::Blank, reset), DiskPlan::Deploy);
        EXPECT_EQ(plan(DiskState::Incomplete, reset), DiskPlan::Deploy);
    }
    EXPECT_EQ(plan(DiskState::Deployed, false), DiskPlan::Use);
    EXPECT_EQ(plan(DiskState::Deployed, true), DiskPlan::Deploy);
    EXPECT_EQ(plan(DiskState::Foreign, true), DiskPlan::Deploy);
    try {
        (void)plan(DiskState::Foreign, false);
        FAIL() << "a foreign disk was not refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::TargetRefused);
        EXPECT_STREQ(error.what(), "'/dev/sda' holds ext4 'data'; --reset overwrites it");
    }
}

TEST(PlanDisk, NamesThePlaceThatCannotBeRead) {
    const DiskContents contents{.state = DiskState::Unreadable,
                                .description = "ext4 'data'",
                                .unreadable = {{.begin = 512, .end = 4096}, {.begin = 8192, .end = 12288}},
                                .errnoValue = EIO};
    try {
        (void)planDisk("/dev/sda", contents, false, "--reset");
        FAIL() << "an unreadable disk was not refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::TargetRefused);
        EXPECT_STREQ(error.what(), "'/dev/sda' cannot be read at byte 512 and 1 more place (Input/output "
                                   "error); its readable part is ext4 'data'; --reset overwrites it");
    }
}

} // namespace
} // namespace bootferry
