// SPDX-License-Identifier: LGPL-2.1-or-later
// pwrite(2) with whole blocks from page-aligned memory: required for O_DIRECT, harmless elsewhere.
#include "block_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "file_ranges.h"
#include "incomplete_mark.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::size_t memoryAlignment = 4096;
constexpr std::uint64_t writeBackStep = std::uint64_t{8} << 20U;

bool isReadableFile(int fd) {
    struct stat status {};
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (static_cast<unsigned>(flags) & O_ACCMODE) == O_RDWR && ::fstat(fd, &status) == 0 &&
           S_ISREG(status.st_mode);
}

} // namespace

void BlockWriter::Free::operator()(std::byte* memory) const noexcept {
    std::free(memory);
}

BlockWriter::Buffer BlockWriter::makeBuffer(std::size_t size) {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(memoryAlignment, size));
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return Buffer(memory);
}

BlockWriter::BlockWriter()
    : head_(makeBuffer(headSize)), chunks_{makeBuffer(chunkSize), makeBuffer(chunkSize)},
      background_([this](std::span<const std::byte> bytes, std::uint64_t position) {
          writeAt(bytes, position);
          startWriteBack(position + bytes.size());
      }) {}

std::span<std::byte> BlockWriter::space() {
    if (headUsed_ < headSize) {
        return {head_.get() + headUsed_, headSize - headUsed_};
    }
    if (chunkUsed_ == chunkSize) {
        flushChunk();
    }
    return chunk().subspan(chunkUsed_);
}

void BlockWriter::requireRoom(std::uint64_t size) const {
    if (size > target_.capacity) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("the image is larger than the target, which has {} ({} bytes)",
                                formatSize(target_.capacity), target_.capacity));
    }
}

void BlockWriter::emptyTarget() {
    if (std::exchange(hasOldBytes_, false) && ::ftruncate(target_.fd, 0) < 0 && errno != EINVAL) {
        throw Error(ErrorCode::Io, errno, "emptying the target");
    }
}

void BlockWriter::advance(std::size_t count) {
    requireRoom(size() + count);
    if (count > 0) {
        emptyTarget();
    }
    if (headUsed_ < headSize) {
        headUsed_ += count;
        return;
    }
    chunkUsed_ += count;
    if (chunkUsed_ == chunkSize && hasTarget()) {
        flushChunk();
    }
}

void BlockWriter::setTarget(const WriteTarget& target) {
    target_ = target;
    isStream_ = std::exchange(target_.blockSize, std::max(target_.blockSize, 1U)) == 0;
    readable_ = isReadableFile(target.fd);
    requireRoom(size());
    if (isDevice()) {
        markHead();
        sync();
    }
}

void BlockWriter::flushChunk() {
    if (!hasTarget()) {
        throw Error(ErrorCode::Internal, "the writer has no target yet");
    }
    startHeadWrite();
    background_.start(chunk().first(padded(chunk(), chunkUsed_)), headSize + tailWritten_);
    filling_ = 1 - filling_;
    tailWritten_ += chunkUsed_;
    otherUsed_ = std::exchange(chunkUsed_, 0);
}

// Only a device gets its head last, because its head decides whether it counts as an image. A file is written
// in order, so that its size shows how much of the stream it contains, whatever ends this process.
void BlockWriter::startHeadWrite() {
    if (!isDevice() && !std::exchange(headWritten_, true)) {
        background_.start({head_.get(), headSize}, 0);
    }
}

void BlockWriter::flush() {
    if (chunkUsed_ > 0) {
        flushChunk();
    }
    background_.wait();
}

// Starts writing the page cache to the disk now instead of with the sync at the end. Only a hint: errors are
// ignored, e.g. of a tmpfs, which has nothing to write back.
void BlockWriter::startWriteBack(std::uint64_t end) {
    if (isDevice() || isStream_ || end - writeBackBegun_ < writeBackStep) {
        return;
    }
    (void)::sync_file_range(target_.fd, static_cast<off64_t>(writeBackBegun_),
                            static_cast<off64_t>(end - writeBackBegun_), SYNC_FILE_RANGE_WRITE);
    writeBackBegun_ = end;
}

void BlockWriter::writeFromPipe(int pipe, std::size_t count) {
    requireRoom(size() + count);
    startHeadWrite();
    background_.wait();
    otherUsed_ = 0;
    while (count > 0) {
        auto position = static_cast<loff_t>(headSize + tailWritten_);
        const auto moved = ::splice(pipe, nullptr, target_.fd, &position, count, SPLICE_F_MOVE);
        if (moved < 0 && errno == EINTR) {
            continue;
        }
        if (moved < 0 && errno == EINVAL) {
            canSplice_ = false;
            copyFromPipe(pipe, count);
            return;
        }
        if (moved <= 0) {
            throw Error(ErrorCode::Io, moved < 0 ? errno : ENOSPC,
                        fmt::format("writing the target at byte {}", headSize + tailWritten_));
        }
        tailWritten_ += static_cast<std::uint64_t>(moved);
        count -= static_cast<std::size_t>(moved);
        startWriteBack(headSize + tailWritten_);
    }
}

void BlockWriter::copyFromPipe(int pipe, std::size_t count) {
    while (count > 0) {
        const auto into = space().first(std::min(count, space().size()));
        const auto copied = static_cast<std::size_t>(
            checkErrno(::read(pipe, into.data(), into.size()), "reading from a pipe"));
        advance(copied);
        count -= copied;
    }
    flush();
}

void BlockWriter::stage() {
    emptyTarget(); // of a source that is empty now
    flush();
    if (!isDevice() && !isStream_) {
        setSize();
    }
    sync();
}

// A file system in user space may let nobody but its owner's processes set the size, also of a file that was
// opened by them (fuse(4), allow_other), but write to it.
void BlockWriter::setSize() {
    struct stat file {};
    checkErrno(::fstat(target_.fd, &file), "looking at the target");
    const auto wanted = static_cast<off_t>(size());
    if (file.st_size == wanted || ::ftruncate(target_.fd, wanted) == 0 || errno == EINVAL) {
        return;
    }
    const int reason = errno;
    constexpr char zero = 0;
    if (file.st_size > wanted || ::pwrite(target_.fd, &zero, 1, wanted - 1) != 1) {
        throw Error(ErrorCode::Io, reason, "setting the size of the target");
    }
}

// A disk guarantees atomic writes only for a single block. The first block, which holds the mark, is
// therefore written alone, after the rest of the head has been synced.
void BlockWriter::commit() {
    const std::span head(head_.get(), headSize);
    const auto whole = head.first(padded(head, headUsed_));
    if (isDevice() && whole.size() > target_.blockSize) {
        writeAt(whole.subspan(target_.blockSize), target_.blockSize);
        sync();
        writeAt(whole.first(target_.blockSize), 0);
    } else if (!headWritten_) {
        writeAt(whole, 0);
    }
    sync();
}

void BlockWriter::continueAt(std::uint64_t offset) {
    headUsed_ = headSize;
    headWritten_ = true;
    headIsHere_ = false;
    tailWritten_ = offset - headSize;
    writeBackBegun_ = offset;
}

void BlockWriter::releaseTarget() {
    background_.wait();
    target_ = {};
    isStream_ = readable_ = hasOldBytes_ = false;
    canSplice_ = true;
}

void BlockWriter::startOver() {
    background_.wait();
    if (!canStartOver()) {
        throw Error(ErrorCode::Range,
                    "the source has changed, and data written to a pipe cannot be taken back");
    }
    headWritten_ = false;
    hasOldBytes_ = hasTarget() && !isDevice() && !isStream_;
    headUsed_ = chunkUsed_ = otherUsed_ = 0;
    headIsHere_ = true;
    tailWritten_ = 0;
    writeBackBegun_ = headSize;
}

// Goes backwards from the end of the stream: first the buffers, then the head if it directly precedes them,
// else the file, which is complete up to the other chunk.
bool BlockWriter::copyLast(std::span<std::byte> into) const {
    const auto take = [&into](std::span<const std::byte> piece) {
        const auto last = piece.last(std::min(piece.size(), into.size()));
        std::copy(last.begin(), last.end(), into.last(last.size()).begin());
        into = into.first(into.size() - last.size());
    };
    take(chunk().first(chunkUsed_));
    take({chunks_.at(1 - filling_).get(), otherUsed_});
    const auto before = tailWritten_ - otherUsed_;
    if (before == 0 && headIsHere_) {
        take(head());
    }
    if (into.empty() || !readable_) {
        return into.empty();
    }
    const auto position = static_cast<off_t>(headSize + before - into.size());
    return ::pread(target_.fd, into.data(), into.size(), position) == static_cast<ssize_t>(into.size());
}

std::size_t BlockWriter::padded(std::span<std::byte> buffer, std::size_t used) const {
    const std::size_t mask = target_.blockSize - 1;
    const auto whole = std::min((used + mask) & ~mask, buffer.size());
    std::memset(buffer.data() + used, 0, whole - used);
    return whole;
}

// The reverse of commit(), for the same reason: writes and syncs the mark, then clears the rest of the head.
void BlockWriter::markHead() const {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(headSize, target_.capacity));
    const auto first = std::min<std::size_t>(target_.blockSize, length);
    const auto head = makeBuffer(headSize);
    std::memset(head.get(), 0, headSize);
    std::memcpy(head.get(), incompleteMark.data(), incompleteMark.size());
    writeAt({head.get(), first}, 0);
    sync();
    writeAt({head.get() + first, length - first}, first);
}

void BlockWriter::writeAt(std::span<const std::byte> bytes, std::uint64_t position) const {
    if (isStream_) {
        writeToStream(bytes);
        return;
    }
    bootferry::writeAt(target_.fd, bytes, position, "writing the target");
}

void BlockWriter::writeToStream(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
        const auto count = ::write(target_.fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EAGAIN) { // a process that shares the pipe has set O_NONBLOCK
            pollfd writable{.fd = target_.fd, .events = POLLOUT, .revents = 0};
            (void)::poll(&writable, 1, -1);
            continue;
        }
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            throw Error(ErrorCode::Io, count < 0 ? errno : ENOSPC, "writing the target");
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void BlockWriter::sync() const {
    syncData(target_.fd, "syncing the target");
}

} // namespace bootferry
