// SPDX-License-Identifier: LGPL-2.1-or-later
// A GPT in a file in memory, whose entries nobody would write by accident.
#include "disk_partitions.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"
#include "gpt_crc.h"

namespace bootferry {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t sectors = 16384;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

template <typename Number>
void put(std::string& bytes, std::size_t at, Number number) {
    std::memcpy(bytes.data() + at, &number, sizeof number);
}

std::string header(std::uint64_t own, std::uint64_t other, std::uint64_t table, const std::string& entries) {
    std::string bytes = "EFI PART";
    bytes.resize(sector);
    put(bytes, 8, std::uint32_t{0x10000});
    put(bytes, 12, std::uint32_t{92});
    put(bytes, 24, own);
    put(bytes, 32, other);
    put(bytes, 40, std::uint64_t{34});
    put(bytes, 48, sectors - 34);
    bytes[56] = 1;
    put(bytes, 72, table);
    put(bytes, 80, std::uint32_t{128});
    put(bytes, 84, std::uint32_t{128});
    put(bytes, 88, crc32(entries));
    put(bytes, 16, crc32(bytes.substr(0, 92)));
    return bytes;
}

class GptTest : public testing::Test {
protected:
    // One entry, in both copies.
    void write(std::uint64_t first, std::uint64_t last) {
        std::string entries(std::size_t{128} * 128, '\0');
        entries[0] = entries[16] = 1;
        put(entries, 32, first);
        put(entries, 40, last);
        std::string protective(sector, '\0');
        protective[450] = '\xee';
        put(protective, 454, std::uint32_t{1});
        put(protective, 458, static_cast<std::uint32_t>(sectors - 1));
        protective[510] = '\x55';
        protective[511] = '\xaa';
        writeAt(0, protective);
        writeAt(1, header(1, sectors - 1, 2, entries));
        writeAt(2, entries);
        writeAt(sectors - 33, entries);
        writeAt(sectors - 1, header(sectors - 1, 1, sectors - 33, entries));
    }
    void writeAt(std::uint64_t place, const std::string& bytes) const {
        ASSERT_EQ(::pwrite(disk_.get(), bytes.data(), bytes.size(), static_cast<off_t>(place * sector)),
                  static_cast<ssize_t>(bytes.size()));
    }
    void SetUp() override { ASSERT_EQ(::ftruncate(disk_.get(), sectors * sector), 0); }

    UniqueFd disk_{::memfd_create("disk", MFD_CLOEXEC)};
};

TEST_F(GptTest, FindsThePartitionAndTheSpaceBehindIt) {
    write(64, 4095);
    const auto partitions = tablePartitions(disk_, "disk");
    ASSERT_EQ(partitions.size(), 1U);
    EXPECT_EQ(partitions.front().begin, 64 * sector);
    EXPECT_EQ(partitions.front().size, 4032 * sector);
    const auto space = FreeSpace::behind(disk_, "disk", mebibyte, mebibyte);
    ASSERT_TRUE(space);
    EXPECT_EQ(space->begin(), 2 * mebibyte);
    EXPECT_EQ(space->size(), 5 * mebibyte);
    EXPECT_FALSE(FreeSpace::behind(disk_, "disk", mebibyte, 5 * mebibyte + 1));
}

TEST_F(GptTest, AnEntryThatIsNotOnTheDiskIsAnError) {
    for (const std::uint64_t first : {0U, 1U, 64U, 16000U}) {
        for (const std::uint64_t last : {UINT64_MAX, UINT64_MAX - 1, std::uint64_t{1} << 40U}) {
            write(first, last);
            EXPECT_TRUE(tablePartitions(disk_, "disk").empty()) << first << " to " << last;
            EXPECT_THROW((void)FreeSpace::behind(disk_, "disk", mebibyte, mebibyte), Error);
        }
    }
}

} // namespace
} // namespace bootferry
