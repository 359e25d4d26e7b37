// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory that outlives a worker, and the target, over real files.
#include "fill_target.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "fill_memory.h"
#include "handles.h"
#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr auto piece = PieceMap::pieceSize;
constexpr std::uint64_t headPieces = BlockWriter::headSize / piece;

UniqueFd file(std::uint64_t size) {
    UniqueFd fd(::memfd_create("target", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    return fd;
}

std::string textAt(const UniqueFd& fd, std::uint64_t offset, std::size_t size) {
    std::string text(size, '?');
    EXPECT_EQ(::pread(fd.get(), text.data(), size, static_cast<off_t>(offset)), static_cast<ssize_t>(size));
    return text;
}

std::string textOf(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Filled {
    explicit Filled(std::uint64_t imageSize, std::uint64_t capacity = 4 << 20U)
        : target(file(capacity)), memory(FillMemory::make(imageSize)),
          image({.fd = target.get(), .capacity = capacity, .blockSize = 512}, memory.head(), imageSize) {}
    void write(std::uint64_t number, char what) {
        const AlignedBuffer buffer(piece);
        std::memset(buffer.bytes().data(), what, piece);
        image.write(number, buffer.bytes());
    }
    UniqueFd target;
    FillMemory memory;
    FillTarget image;
};

TEST(FillTarget, IsIncompleteUntilItIsCommitted) {
    Filled filled(3 << 20U);
    filled.image.mark();
    for (std::uint64_t each = 0; each < 3 * headPieces; ++each) {
        filled.write(each, static_cast<char>('a' + each % 26));
    }
    filled.image.stage();
    EXPECT_EQ(textAt(filled.target, 0, incompleteMark.size()), incompleteMark);
    EXPECT_EQ(textAt(filled.target, piece, 1), std::string(1, '\0'));
    EXPECT_EQ(textAt(filled.target, BlockWriter::headSize, 1), std::string(1, 'a' + 16));
    EXPECT_EQ(textOf(filled.image.read(0, 3)), "aaa"); // from memory
    EXPECT_EQ(textOf(filled.image.read(piece, 3)), "bbb");
    filled.image.commit();
    EXPECT_EQ(textAt(filled.target, 0, 3), "aaa");
    EXPECT_EQ(textAt(filled.target, piece, 3), "bbb");
}

TEST(FillTarget, ReadsAtAnyOffset) {
    Filled filled(3 << 20U);
    filled.write(headPieces, 'x');
    filled.write(headPieces + 1, 'y');
    EXPECT_EQ(textOf(filled.image.read(BlockWriter::headSize + piece - 3, 6)), "xxxyyy");
    EXPECT_EQ(textOf(filled.image.read(BlockWriter::headSize + 4095, 1)), "x");
    const auto most = filled.image.read(BlockWriter::headSize + 1, 1 << 20U);
    EXPECT_GE(most.size(), std::size_t{128} << 10U);
    EXPECT_LE(most.size(), std::size_t{256} << 10U);
}

TEST(FillTarget, TheEndOfTheImageIsPaddedWithZeros) {
    constexpr auto size = BlockWriter::headSize + piece + 5;
    Filled filled(size);
    EXPECT_EQ(::pwrite(filled.target.get(), "stale", 5, BlockWriter::headSize + piece + 1024), 5);
    filled.write(headPieces + 1, 'z');
    auto expected = std::string(5, 'z') + std::string(4091, '\0');
    EXPECT_EQ(textOf(filled.image.read(BlockWriter::headSize + piece, 4096)), expected);
    EXPECT_EQ(textOf(filled.image.read(BlockWriter::headSize + piece + 1000, 100)), std::string(100, '\0'));
    EXPECT_EQ(textAt(filled.target, BlockWriter::headSize + piece + 5, 507), std::string(507, '\0'));
}

TEST(FillTarget, AnImageThatIsOnlyAHead) {
    Filled filled(700);
    filled.image.mark();
    filled.write(0, 'h');
    EXPECT_EQ(textOf(filled.image.read(0, 4096)), std::string(700, 'h') + std::string(3396, '\0'));
    filled.image.stage();
    filled.image.commit();
    EXPECT_EQ(textAt(filled.target, 0, 1024), std::string(700, 'h') + std::string(324, '\0'));
}

TEST(FillTarget, AnImageThatDoesNotFitIsRefused) {
    EXPECT_THROW(Filled(1025, 1024), Error);
    EXPECT_THROW(Filled(1023, 1023), Error); // it is padded to a block
    EXPECT_NO_THROW(Filled(1023, 1024));
}

TEST(FillTarget, ATargetThatHasBecomeShorterCannotBeRead) {
    Filled filled(3 << 20U);
    EXPECT_EQ(::ftruncate(filled.target.get(), 2 << 20U), 0);
    EXPECT_THROW((void)filled.image.read((2 << 20U) - 100, 200), Error);
}

FillVersion version(std::uint64_t size) {
    return {.size = size,
            .validator = "\"v1\"",
            .strongValidator = true,
            .showsOffset = false,
            .ranges = true,
            .location = "http://mirror/image"};
}

TEST(FillMemory, IsContinuedByTheNextWorker) {
    const auto fd = FillMemory::make(10 * piece);
    {
        FillMemory first(fd);
        EXPECT_FALSE(first.version());
        first.begin(version(10 * piece));
        PieceMap map(10 * piece, first.present());
        map.begin({.first = 4, .count = 2});
        map.arrived(4);
        first.head()[100] = std::byte{7};
    }
    const FillMemory second(fd);
    EXPECT_EQ(second.version(), version(10 * piece));
    const PieceMap map(10 * piece, second.present());
    EXPECT_TRUE(map.isPresent(4));
    EXPECT_TRUE(map.isMissing(5));
    EXPECT_EQ(second.head()[100], std::byte{7});
}

TEST(FillMemory, ItsSizeCannotBeChanged) {
    const auto fd = FillMemory::make(10 * piece);
    EXPECT_NE(::ftruncate(fd.get(), 0), 0);
    EXPECT_NE(::ftruncate(fd.get(), 100 << 20U), 0);
}

TEST(FillMemory, WhateverIsInItIsBounded) {
    const auto fd = FillMemory::make(10 * piece);
    struct stat status {};
    ASSERT_EQ(::fstat(fd.get(), &status), 0);
    for (const char byte : {'\x01', '\x7f', '\xff'}) {
        const std::string junk(static_cast<std::size_t>(status.st_size), byte);
        ASSERT_EQ(::pwrite(fd.get(), junk.data(), junk.size(), 0), status.st_size);
        EXPECT_FALSE(FillMemory(fd).version());
    }
    FillMemory memory(fd);
    memory.begin(version(10 * piece));
    const std::uint64_t tooLarge = PieceMap::largestImage;
    ASSERT_EQ(::pwrite(fd.get(), &tooLarge, sizeof tooLarge, 0), static_cast<ssize_t>(sizeof tooLarge));
    EXPECT_FALSE(memory.version());
}

TEST(FillMemory, RefusesWhatItCannotHold) {
    FillMemory memory(FillMemory::make(10 * piece));
    EXPECT_THROW(memory.begin(version(100 * piece)), Error);
    auto longOne = version(10 * piece);
    longOne.validator = std::string(1025, 'v');
    EXPECT_THROW(memory.begin(longOne), Error);
    EXPECT_THROW((void)FillMemory::make(0), Error);
    EXPECT_THROW((void)FillMemory::make(PieceMap::largestImage + 1), Error);
    EXPECT_THROW(FillMemory{file(4096)}, Error);
}

} // namespace
} // namespace bootferry
