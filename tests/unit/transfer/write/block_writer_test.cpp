// SPDX-License-Identifier: LGPL-2.1-or-later
// Until commit() the head of a device holds only the mark; afterwards the target holds the stream byte for
// byte, whatever the sizes of the pieces.
#include "block_writer.h"

#include <cstring>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../source/fake_transport.h"
#include "errors.h"
#include "handles.h"
#include "incomplete_mark.h"
#include "splice_pipe.h"

namespace bootferry {
namespace {

std::string markedHead() {
    std::string head(BlockWriter::headSize, '\0');
    return head.replace(0, incompleteMark.size(), incompleteMark);
}

class BlockWriterTest : public testing::TestWithParam<std::size_t> {
protected:
    static std::string contents(int fd) {
        std::string text(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '\0');
        EXPECT_EQ(::pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        return text;
    }

    static void put(BlockWriter& writer, std::string_view text, std::size_t piece) {
        while (!text.empty()) {
            const auto space = writer.space();
            const auto count = std::min({piece, text.size(), space.size()});
            std::memcpy(space.data(), text.data(), count);
            writer.advance(count);
            text.remove_prefix(count);
        }
    }

    UniqueFd memory{::memfd_create("target", MFD_CLOEXEC)};
};

TEST_P(BlockWriterTest, WritesAStreamInOrderAfterExistingData) {
    for (const auto size : {std::size_t{0}, std::size_t{5000}, BlockWriter::headSize,
                            BlockWriter::headSize + 1, 3 * BlockWriter::chunkSize + 12345}) {
        const UniqueFd stream(::memfd_create("stream", MFD_CLOEXEC));
        ASSERT_EQ(::write(stream.get(), "before", 6), 6);
        const auto image = someContent(size);
        BlockWriter writer;
        writer.setTarget({.fd = stream.get(), .blockSize = 0});
        EXPECT_FALSE(writer.canWriteFromPipe());
        put(writer, image, GetParam());
        writer.stage();
        writer.commit();
        EXPECT_TRUE(contents(stream.get()) == "before" + image) << size;
    }
}

TEST_P(BlockWriterTest, StartsAStreamOverOnlyBeforeTheFirstWrite) {
    BlockWriter writer;
    writer.setTarget({.fd = memory.get(), .blockSize = 0});
    put(writer, someContent(BlockWriter::headSize), 5000);
    writer.startOver(); // nothing has been written yet
    put(writer, someContent(3 * BlockWriter::chunkSize), 5000);
    EXPECT_THROW(writer.startOver(), Error);
}

TEST_P(BlockWriterTest, WritesAFileByteForByte) {
    const auto image = someContent(3 * BlockWriter::chunkSize + 12345);
    BlockWriter writer;
    put(writer, std::string_view(image).substr(0, 5000), GetParam());
    EXPECT_EQ(std::memcmp(writer.head().data(), image.data(), writer.head().size()), 0);
    writer.setTarget({.fd = memory.get()});
    put(writer, std::string_view(image).substr(5000), GetParam());
    writer.stage();
    writer.commit();
    EXPECT_EQ(writer.size(), image.size());
    EXPECT_TRUE(contents(memory.get()) == image);
}

TEST_P(BlockWriterTest, AFilesSizeSaysHowMuchOfTheStreamItHas) {
    const auto image = someContent(3 * BlockWriter::chunkSize + 12345);
    {
        BlockWriter writer;
        writer.setTarget({.fd = memory.get()});
        put(writer, image, GetParam());
    } // and never learns that this was all
    const auto there = contents(memory.get());
    EXPECT_GE(there.size(), image.size() - BlockWriter::chunkSize);
    EXPECT_TRUE(image.starts_with(there));

    BlockWriter next;
    next.setTarget({.fd = memory.get()});
    next.continueAt(there.size());
    put(next, std::string_view(image).substr(there.size()), GetParam());
    next.stage();
    next.commit();
    EXPECT_TRUE(contents(memory.get()) == image);
    next.startOver();
    put(next, "n", GetParam());
    EXPECT_EQ(contents(memory.get()), "");
}

TEST_P(BlockWriterTest, MarksADevicesHeadFirstAndPadsItsTail) {
    const std::string old(8 * BlockWriter::chunkSize, 'X');
    ASSERT_EQ(::pwrite(memory.get(), old.data(), old.size(), 0), static_cast<ssize_t>(old.size()));
    const auto image = someContent(2 * BlockWriter::chunkSize + 100);
    BlockWriter writer;
    writer.setTarget({.fd = memory.get(), .capacity = old.size(), .blockSize = 4096});
    EXPECT_EQ(contents(memory.get()).substr(0, BlockWriter::headSize), markedHead());
    put(writer, image, GetParam());
    writer.stage();
    EXPECT_EQ(contents(memory.get()).substr(0, BlockWriter::headSize), markedHead());
    writer.commit();
    const auto now = contents(memory.get());
    EXPECT_TRUE(now.substr(0, image.size()) == image);
    EXPECT_EQ(now.substr(image.size(), 4096 - 100), std::string(4096 - 100, '\0'));
    EXPECT_EQ(now.at(image.size() + 4096 - 100), 'X');
}

TEST_P(BlockWriterTest, StartingOverLeavesNothingOfTheFirstAttempt) {
    BlockWriter writer;
    writer.setTarget({.fd = memory.get()});
    put(writer, std::string(3 * BlockWriter::chunkSize, 'o'), GetParam());
    writer.startOver();
    const auto image = someContent(BlockWriter::chunkSize + 3);
    put(writer, image, GetParam());
    writer.stage();
    writer.commit();
    EXPECT_TRUE(contents(memory.get()) == image);
}

TEST_P(BlockWriterTest, AFileKeepsItsBytesUntilANewOneArrives) {
    const auto before = someContent(3 * BlockWriter::chunkSize);
    BlockWriter writer;
    writer.setTarget({.fd = memory.get()});
    put(writer, before, GetParam());
    writer.stage();
    writer.startOver();
    EXPECT_TRUE(contents(memory.get()) == before);
    EXPECT_EQ(writer.written(), 0);
    writer.advance(0);
    EXPECT_TRUE(contents(memory.get()) == before);
    put(writer, "n", GetParam());
    EXPECT_EQ(contents(memory.get()), "");
    writer.startOver();
    writer.stage();
    EXPECT_EQ(contents(memory.get()), "") << "of an empty source";
}

TEST_P(BlockWriterTest, CountsTheHeadAsWrittenWhereItIsNotLast) {
    for (const std::uint32_t blockSize : {1U, 512U}) {
        BlockWriter writer;
        writer.setTarget({.fd = memory.get(), .blockSize = blockSize});
        put(writer, someContent(BlockWriter::headSize + BlockWriter::chunkSize), GetParam());
        writer.stage();
        EXPECT_EQ(writer.written(), BlockWriter::chunkSize + (blockSize == 1 ? BlockWriter::headSize : 0));
    }
}

TEST_P(BlockWriterTest, CopiesTheLastBytesWhereverTheyAre) {
    for (const auto size : {std::size_t{100}, BlockWriter::headSize, BlockWriter::headSize + 1,
                            BlockWriter::headSize + BlockWriter::chunkSize + 1,
                            BlockWriter::headSize + 2 * BlockWriter::chunkSize + 70000}) {
        const auto image = someContent(size);
        BlockWriter writer;
        writer.setTarget({.fd = memory.get(), .blockSize = 512}); // a device: nothing is read back from it
        put(writer, image, GetParam());
        std::string last(std::min(size, std::size_t{65536}), '?');
        EXPECT_TRUE(writer.copyLast(std::as_writable_bytes(std::span(last)))) << size;
        EXPECT_TRUE(last == image.substr(size - last.size())) << size;
    }
}

TEST_P(BlockWriterTest, CopiesTheLastBytesOfASpliceOnlyFromAFileThatCanBeRead) {
    const auto image = someContent(BlockWriter::headSize + 30000);
    const UniqueFd writeOnly(
        ::open(fmt::format("/proc/self/fd/{}", memory.get()).c_str(), O_WRONLY | O_CLOEXEC));
    for (const int fd : {memory.get(), writeOnly.get()}) {
        BlockWriter writer;
        writer.setTarget({.fd = fd, .blockSize = 1});
        put(writer, image.substr(0, BlockWriter::headSize), GetParam());
        const SplicePipe pipe;
        ASSERT_EQ(::write(pipe.writeEnd(), image.data() + BlockWriter::headSize, 30000), 30000);
        writer.writeFromPipe(pipe.readEnd(), 30000);
        std::string last(65536, '?');
        EXPECT_EQ(writer.copyLast(std::as_writable_bytes(std::span(last))), fd == memory.get());
        EXPECT_TRUE(fd != memory.get() || last == image.substr(image.size() - last.size()));

        BlockWriter continued;
        continued.setTarget({.fd = fd, .blockSize = 1});
        continued.continueAt(image.size());
        EXPECT_EQ(continued.copyLast(std::as_writable_bytes(std::span(last))), fd == memory.get());
        EXPECT_TRUE(fd != memory.get() || last == image.substr(image.size() - last.size()));
    }
}

INSTANTIATE_TEST_SUITE_P(PieceSizes, BlockWriterTest,
                         testing::Values(4096, 65536, 999983, std::size_t{1} << 30U));

TEST_F(BlockWriterTest, RefusesMoreThanTheCapacityAndNamesIt) {
    BlockWriter writer;
    writer.setTarget({.fd = memory.get(), .capacity = 2 << 20, .blockSize = 4096});
    put(writer, std::string(2 << 20, 'x'), 1 << 20);
    (void)writer.space();
    try {
        writer.advance(1);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::TooLarge);
        EXPECT_NE(std::string(error.what()).find("2.0 MiB"), std::string::npos) << error.what();
    }
}

TEST_F(BlockWriterTest, NamesThePositionOfAFailedWrite) {
    const UniqueFd full(::open("/dev/full", O_RDWR | O_CLOEXEC));
    BlockWriter writer;
    put(writer, std::string(BlockWriter::headSize, 'x'), 1 << 20);
    writer.setTarget({.fd = full.get()});
    try {
        put(writer, std::string(2 * BlockWriter::chunkSize, 'x'), 1 << 20);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "writing the target at byte 0: No space left on device");
    }
}

class PipeTest : public BlockWriterTest {
protected:
    void fill(std::string_view text) {
        ASSERT_EQ(::write(pipe.writeEnd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    SplicePipe pipe;
};

TEST_F(PipeTest, WritesFromAPipeAfterTheBufferedBytes) {
    const auto image = someContent(BlockWriter::headSize + 70000);
    BlockWriter writer;
    writer.setTarget({.fd = memory.get()});
    put(writer, std::string_view(image).substr(0, BlockWriter::headSize - 1), 4096);
    EXPECT_FALSE(writer.canWriteFromPipe()) << "the head is not complete yet";
    put(writer, std::string_view(image).substr(BlockWriter::headSize - 1, 1), 1);
    ASSERT_TRUE(writer.canWriteFromPipe());
    fill(std::string_view(image).substr(BlockWriter::headSize, 30000));
    writer.writeFromPipe(pipe.readEnd(), 30000);
    put(writer, std::string_view(image).substr(BlockWriter::headSize + 30000), 4096);
    EXPECT_FALSE(writer.canWriteFromPipe()) << "the buffered bytes come first";
    writer.stage();
    writer.commit();
    EXPECT_TRUE(contents(memory.get()) == image);
}

TEST_F(PipeTest, CopiesToAFileThatCannotBeSplicedTo) {
    // splice(2) fails with EINVAL on a file that is open for appending, as it does with some file systems for
    // all files; pwrite(2) appends.
    ASSERT_EQ(::fcntl(memory.get(), F_SETFL, O_APPEND), 0);
    const auto image = someContent(BlockWriter::headSize + 50000);
    BlockWriter writer;
    writer.setTarget({.fd = memory.get()});
    put(writer, std::string_view(image).substr(0, BlockWriter::headSize), 4096);
    const auto tail = std::string_view(image).substr(BlockWriter::headSize);
    fill(tail);
    writer.writeFromPipe(pipe.readEnd(), tail.size());
    EXPECT_FALSE(writer.canWriteFromPipe());
    EXPECT_EQ(writer.size(), image.size());
    EXPECT_TRUE(std::string_view(contents(memory.get())).substr(BlockWriter::headSize) == tail)
        << "a digest may read it back";
    ASSERT_EQ(::fcntl(memory.get(), F_SETFL, 0), 0);
    writer.stage();
    writer.commit();
    EXPECT_TRUE(contents(memory.get()) == image);
}

TEST_F(PipeTest, OnlyAFileOpenForReadingIsReadable) {
    const auto isReadable = [](int fd) {
        BlockWriter writer;
        writer.setTarget({.fd = fd});
        return writer.isReadable();
    };
    EXPECT_TRUE(isReadable(memory.get()));
    const UniqueFd writeOnly(
        ::open(fmt::format("/proc/self/fd/{}", memory.get()).c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_FALSE(isReadable(writeOnly.get()));
    EXPECT_FALSE(isReadable(UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)).get()));
}

TEST_F(PipeTest, RefusesMoreThanTheTargetHolds) {
    BlockWriter writer;
    writer.setTarget({.fd = memory.get(), .capacity = BlockWriter::headSize + 10});
    put(writer, someContent(BlockWriter::headSize), 4096);
    fill("eleven byte");
    EXPECT_THROW(writer.writeFromPipe(pipe.readEnd(), 11), Error);
}

} // namespace
} // namespace bootferry
