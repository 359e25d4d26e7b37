// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disk_survey.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handles.h"

namespace bootferry {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

bool looksAt(std::uint64_t size, std::uint64_t byte) {
    const auto places = surveyedPlaces(size);
    return std::any_of(places.begin(), places.end(),
                       [byte](const auto& place) { return place.begin <= byte && byte < place.end; });
}

TEST(SurveyedPlaces, AreInOrderAndOnTheDisk) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{512}, 3 * mib, 8 * mib, 8 * mib + 512,
                                     100 * mib + 512, 64 * mib, 4'000'787'030'016UL}) {
        std::uint64_t end = 0;
        for (const auto& place : surveyedPlaces(size)) {
            EXPECT_GE(place.begin, end) << size;
            EXPECT_LE(place.begin, place.end) << size;
            end = place.end;
        }
        EXPECT_EQ(end, size) << "the very last byte is looked at";
    }
}

TEST(SurveyedPlaces, AreAllOfASmallDisk) {
    std::uint64_t sum = 0;
    for (const auto& place : surveyedPlaces(8 * mib)) {
        sum += place.end - place.begin;
    }
    EXPECT_EQ(sum, 8 * mib);
}

TEST(SurveyedPlaces, AreFewOnALargeDisk) {
    EXPECT_LE(surveyedPlaces(4'000'787'030'016UL).size(), 140U);
    EXPECT_LE(surveyedPlaces(std::uint64_t{1} << 50U).size(), 160U);
}

TEST(SurveyedPlaces, HaveTheCopiesOfSuperblocks) {
    constexpr std::uint64_t size = 4'000'787'030'016UL;
    EXPECT_TRUE(looksAt(size, 32768 * 4096UL)) << "ext4, 4 KiB blocks, group 1";
    EXPECT_TRUE(looksAt(size, 8193 * 1024UL)) << "ext4, 1 KiB blocks, group 1";
    EXPECT_TRUE(looksAt(size, 49 * 32768 * 4096UL)) << "ext4, group 49";
    EXPECT_TRUE(looksAt(size, 64 * mib)) << "btrfs";
    EXPECT_TRUE(looksAt(size, 256 * 1024 * mib)) << "btrfs";
    EXPECT_TRUE(looksAt(size, size - 512)) << "GPT";
}

class Memory {
public:
    explicit Memory(std::uint64_t size) : size_(size), fd_(::memfd_create("disk", MFD_CLOEXEC)) {
        EXPECT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(size)), 0);
    }
    void put(std::uint64_t at, std::string_view text) {
        EXPECT_EQ(::pwrite(fd_.get(), text.data(), text.size(), static_cast<off_t>(at)),
                  static_cast<ssize_t>(text.size()));
    }
    // As a disk that has become shorter than it says.
    [[nodiscard]] DiskSurvey survey(std::uint64_t missing = 0) const {
        EXPECT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(size_ - missing)), 0);
        return surveyDisk(fd_.get(), {.size = size_}, 0, size_);
    }

private:
    std::uint64_t size_;
    UniqueFd fd_;
};

TEST(DiskSurvey, FindsTheFirstByteOfSomething) {
    Memory disk(32 * mib);
    EXPECT_FALSE(disk.survey().firstData);
    disk.put(32 * mib - 5, "words");
    EXPECT_EQ(disk.survey().firstData, 32 * mib - 5);
    EXPECT_EQ(disk.survey().dataText, "'words'");
    disk.put(16 * mib + 7, "x\x1b[2J");
    EXPECT_EQ(disk.survey().firstData, 16 * mib + 7);
    EXPECT_EQ(disk.survey().dataText, "78 1b 5b 32 4a 00 00 00");
}

TEST(DiskSurvey, NamesWhatCannotBeRead) {
    const Memory disk(32 * mib);
    const auto survey = disk.survey(1536);
    EXPECT_EQ(survey.unreadable, (std::vector<ByteRange>{{.begin = 32 * mib - 1536, .end = 32 * mib}}));
    EXPECT_EQ(survey.errnoValue, EIO);
    EXPECT_FALSE(survey.firstData);
}

TEST(DiskSurvey, EndsOnADiskThatCannotBeReadAtAll) {
    const Memory disk(64 * 1024 * mib);
    const auto survey = disk.survey(64 * 1024 * mib);
    ASSERT_FALSE(survey.unreadable.empty());
    EXPECT_EQ(survey.unreadable.front().begin, 0U);
}

} // namespace
} // namespace bootferry
