// SPDX-License-Identifier: LGPL-2.1-or-later
// The map on the target, over real files. What it promises when the power fails: fill_power_loss_test.cpp.
#include "fill_record.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr std::uint64_t imageSize = (std::uint64_t{1} << 30U) + 777; // a map of five sectors
constexpr std::uint64_t room = 8192;                                 // behind it

class FillRecordTest : public testing::Test {
protected:
    FillRecordTest()
        : fd_(::memfd_create("target", MFD_CLOEXEC)), words_(PieceMap::wordsFor(imageSize)),
          head_(FillMemory::headSize) {
        EXPECT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(imageSize + room)), 0);
        std::memset(head_.data(), 'h', 1000);
    }

    [[nodiscard]] WriteTarget target(std::uint32_t blockSize = 512) const {
        return {.fd = fd_.get(), .capacity = imageSize + room, .blockSize = blockSize};
    }
    [[nodiscard]] std::span<const std::byte> proof() const { return std::span(head_).first(1000); }

    // As a boot begins; the pieces that it finds.
    std::optional<FillRecord> begin(const FillVersion& version, std::uint32_t blockSize = 512) {
        found_.assign(words_, 0);
        const FillTarget image(target(blockSize), head_, version.size);
        return FillRecord::begin(image, target(blockSize), version, proof(), found_);
    }

    void overwrite(std::uint64_t offset, char byte) const {
        EXPECT_EQ(::pwrite(fd_.get(), &byte, 1, static_cast<off_t>(offset)), 1);
    }
    [[nodiscard]] char at(std::uint64_t offset) const {
        char byte = '?';
        EXPECT_EQ(::pread(fd_.get(), &byte, 1, static_cast<off_t>(offset)), 1);
        return byte;
    }

    // Pieces, none of them of the head.
    [[nodiscard]] std::vector<std::uint64_t> some() const {
        std::vector<std::uint64_t> present(words_);
        std::mt19937_64 random(3); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
        std::generate(present.begin(), present.end(), random);
        present[0] &= ~std::uint64_t{0xffff};
        return present;
    }

    UniqueFd fd_;
    std::size_t words_;
    std::vector<std::byte> head_;
    std::vector<std::uint64_t> found_;
    const FillVersion version_{.size = imageSize, .validator = "\"v1\"", .location = {}};
    const std::vector<std::uint64_t> none_ = std::vector<std::uint64_t>(words_);
};

TEST_F(FillRecordTest, TheNextBootFindsWhatWasSaved) {
    for (const std::uint32_t blockSize : {512U, 1024U, 4096U}) {
        auto other = version_;
        other.validator += std::to_string(blockSize);
        auto record = begin(other, blockSize);
        ASSERT_TRUE(record);
        EXPECT_EQ(found_, none_);
        auto first = some();
        first[70] = 0; // another sector
        record->save(first);
        record->save(some());
        EXPECT_TRUE(begin(other, blockSize));
        EXPECT_EQ(found_, some());
        EXPECT_TRUE(FillRecord::find(target(blockSize), other, proof()));
    }
}

TEST_F(FillRecordTest, PiecesOfTheHeadAreNeverFound) {
    begin(version_)->save(std::vector<std::uint64_t>(words_, UINT64_MAX));
    (void)begin(version_);
    EXPECT_EQ(found_[0], ~std::uint64_t{0xffff});
    EXPECT_EQ(found_[1], UINT64_MAX);
}

TEST_F(FillRecordTest, AnotherVersionBeginsAnew) {
    auto validator = version_;
    validator.validator = "\"v2\"";
    auto size = version_;
    size.size -= 1;
    for (const auto& other : {validator, size}) {
        begin(version_)->save(some());
        EXPECT_FALSE(FillRecord::find(target(), other, proof()));
        EXPECT_TRUE(begin(other));
        EXPECT_EQ(found_, none_);
        EXPECT_TRUE(begin(version_));
        EXPECT_EQ(found_, none_) << "what the other one has overwritten must not come back";
    }
    begin(version_)->save(some());
    head_[999] = std::byte{'x'};
    EXPECT_TRUE(begin(version_));
    EXPECT_EQ(found_, none_) << "another head under the same name";
}

TEST_F(FillRecordTest, WhatAFailedFlushMayHaveLostIsNotFlushed) {
    auto record = begin({.size = imageSize, .validator = "v1"});
    ASSERT_TRUE(record);
    const auto before = some();
    record->save(before);
    auto more = before;
    more.back() |= 1U;
    more[1] = UINT64_MAX;
    fd_.reset(); // so that flushing fails
    EXPECT_THROW(record->save(more), Error);
    EXPECT_EQ(record->flushed(), before);
}

TEST_F(FillRecordTest, WhatDoesNotCheckNamesNothing) {
    begin(version_)->save(some());
    overwrite(FillRecord::mapBegin + FillRecord::sectorSize + 100,
              static_cast<char>(at(FillRecord::mapBegin + FillRecord::sectorSize + 100) ^ 1));
    (void)begin(version_);
    auto expected = some();
    std::fill_n(expected.begin() + FillRecord::wordsInSector, FillRecord::wordsInSector, 0);
    EXPECT_EQ(found_, expected);
}

TEST_F(FillRecordTest, TheMarkOfAnIncompleteImageForgetsIt) {
    begin(version_)->save(some());
    const std::string mark = std::string(incompleteMark) + std::string(512 - incompleteMark.size(), '\0');
    ASSERT_EQ(::pwrite(fd_.get(), mark.data(), mark.size(), 0), 512);
    EXPECT_FALSE(FillRecord::find(target(), version_, proof()));
    EXPECT_TRUE(begin(version_));
    EXPECT_EQ(found_, none_);
}

TEST_F(FillRecordTest, WhereThereIsNoPlaceTheTargetIsMarkedAllTheSame) {
    const auto isMarked = [this] { return at(0) == incompleteMark[0]; };
    auto small = version_;
    small.size = FillMemory::headSize;
    EXPECT_FALSE(begin(small));
    EXPECT_TRUE(isMarked());
    overwrite(0, 'x');
    EXPECT_FALSE(begin(version_, 8192));
    EXPECT_TRUE(isMarked());
    auto large = version_;
    large.size = FillRecord::largestImage + 1;
    EXPECT_FALSE(FillRecord::find({.fd = fd_.get(), .blockSize = 512}, large, proof()));
}

} // namespace
} // namespace bootferry
