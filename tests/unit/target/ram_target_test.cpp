// SPDX-License-Identifier: LGPL-2.1-or-later
// The arithmetic of memory: what fits, what is refused with which numbers, and what is done when nobody
// knows.
#include "ram_target.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::uint64_t MiB = 1 << 20U;
constexpr std::uint64_t GiB = 1 << 30U;

std::string refusal(std::optional<std::uint64_t> image, std::optional<std::uint64_t> wish,
                    std::uint64_t available) {
    try {
        (void)planRamDisk(image, wish, available);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::TooLarge);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(RamDiskPlan, TakesItsSizeFromTheImage) {
    EXPECT_EQ(planRamDisk(300 * MiB + 1, {}, 4 * GiB).size, 300 * MiB + 4096);
    EXPECT_EQ(planRamDisk(300 * MiB, {}, 4 * GiB).capacity, 300 * MiB);
}

TEST(RamDiskPlan, RamdiskSizeWins) {
    EXPECT_EQ(planRamDisk(300 * MiB, 2 * GiB, 1 * GiB).size, 2 * GiB)
        << "brd takes pages only as they are written";
    EXPECT_EQ(
        refusal(300 * MiB, 200 * MiB, 4 * GiB),
        "the image has 307200 KiB, more than the 204800 KiB of the RAM disk: raise ramdisk_size= (in KiB) "
        "or --ramdisk-size= (in bytes), or leave it out to have it sized from the image");
    EXPECT_EQ(refusal(3000, 100, 4 * GiB).substr(0, 52),
              "the image has 3000 bytes, more than the 100 bytes of");
}

TEST(RamDiskPlan, MemoryIsCheckedWithTheNumbers) {
    EXPECT_EQ(refusal(3650722202, {}, 3113851290), "not enough memory: the image has 3.4 GiB, 2.9 GiB are "
                                                   "available and 64.0 MiB of them must stay free; add "
                                                   "memory or use a disk (rd.kiwi.live.system=)");
    EXPECT_NO_THROW((void)planRamDisk(1 * GiB, {}, 1 * GiB + 64 * MiB));
    refusal(1 * GiB + 1, {}, 1 * GiB + 64 * MiB);
}

TEST(RamDiskPlan, TheMemoryForAnImageIsWhatThePlanAccepts) {
    for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4097}, 1 * GiB, 1 * GiB + 4095}) {
        EXPECT_NO_THROW((void)planRamDisk(size, {}, memoryForImage(size))) << size;
        refusal(size, {}, memoryForImage(size) - 4096);
    }
    EXPECT_GT(memoryForImage(UINT64_MAX), UINT64_MAX / 2);
}

TEST(RamDiskPlan, AnUnknownSizeMayUseWhatIsSafe) {
    EXPECT_EQ(planRamDisk({}, {}, 1 * GiB).capacity, 1 * GiB - 64 * MiB - 128 * MiB); // for a decoder
    const auto wished = planRamDisk({}, 2 * GiB, 1 * GiB);
    EXPECT_EQ(wished.size, 2 * GiB);
    EXPECT_EQ(wished.capacity, 1 * GiB - 64 * MiB - 128 * MiB);
    refusal({}, {}, 64 * MiB);
}

TEST(RamTarget, RecognisesARamDiskByItsName) {
    EXPECT_TRUE(isRamDisk("/dev/ram0"));
    EXPECT_TRUE(isRamDisk("/dev/ram15"));
    for (const char* other : {"/dev/ram", "/dev/ram16", "/dev/ram0p1", "/dev/ramx", "/dev/sda", "ram0", ""}) {
        EXPECT_FALSE(isRamDisk(other)) << other;
    }
}

TEST(RamTarget, ReadsMeminfo) {
    EXPECT_EQ(parseMemoryAvailable("MemTotal:       24674268 kB\nMemFree: 1 kB\nMemAvailable:   2048 kB\n"),
              2 * MiB);
    EXPECT_THROW((void)parseMemoryAvailable("MemTotal: 12 kB\n"), Error);
}

} // namespace
} // namespace bootferry
