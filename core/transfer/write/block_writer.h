// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a stream to a target so that an incomplete image is always recognisable: the first MiB (the head) of
// a device is cleared and marked (incomplete_mark.h), the rest is written and synced, and only commit()
// writes the head. A file has no name before it is complete, and is written in order. Callers put bytes
// directly into the writer's aligned buffers, so that nothing is copied between the source and the kernel,
// even with O_DIRECT. While one buffer is filled, the other is written (background_write.h); a write error is
// therefore reported one piece later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "background_write.h"

namespace bootferry {

// The target as the supervisor opened it.
struct WriteTarget {
    int fd = -1;                         // borrowed
    std::uint64_t capacity = UINT64_MAX; // bytes
    std::uint32_t blockSize = 1; // of a device: a power of two; the end is padded with zeros to a multiple.
                                 // 1: a file, which gets exactly the stream's size.
                                 // 0: a pipe or similar, written once and in order, head included
};

class BlockWriter {
public:
    static constexpr std::size_t headSize = std::size_t{1} << 20U;
    static constexpr std::size_t chunkSize = std::size_t{1} << 20U;

    BlockWriter();

    // The buffer for the next bytes; never empty. Throws Error(Internal) when head and chunk are full and
    // there is no target yet.
    [[nodiscard]] std::span<std::byte> space();
    void advance(std::size_t count); // this many bytes were put into space()

    // Can data be spliced from a pipe into the target, without a copy in user space? Only into files.
    [[nodiscard]] bool canWriteFromPipe() const {
        return hasTarget() && !isDevice() && !isStream_ && canSplice_ && headUsed_ == headSize &&
               chunkUsed_ == 0;
    }
    // Only while canWriteFromPipe(). Moves `count` bytes, which must be in the pipe, into the target.
    void writeFromPipe(int pipe, std::size_t count);
    // Is the target a file that is open for reading as well? Then pread(2) can read back the bytes of
    // writeFromPipe(), at the position that size() had before the call.
    [[nodiscard]] bool isReadable() const { return readable_; }

    // The head as far as it has been received.
    [[nodiscard]] std::span<const std::byte> head() const { return {head_.get(), headUsed_}; }

    // Copies the last bytes of the stream into the span, which is no longer than size(). Returns false if
    // they are no longer available: neither in the buffers nor in a file that isReadable().
    [[nodiscard]] bool copyLast(std::span<std::byte> into) const;

    // From now on bytes are written to the target. If it is a device, marks and syncs its head first. Throws
    // Error(TooLarge, Io).
    void setTarget(const WriteTarget& target);
    [[nodiscard]] bool hasTarget() const { return target_.fd >= 0; }
    [[nodiscard]] const WriteTarget& target() const { return target_; }

    // Throws Error(TooLarge) if the target cannot hold `size` bytes, head included.
    void requireRoom(std::uint64_t size) const;

    // Writes and syncs everything but the head. Then commit() writes the head, which completes the image.
    void stage();
    void commit();

    // Continues a file that holds this many bytes of the stream already, at least headSize. Call after
    // setTarget().
    void continueAt(std::uint64_t offset);

    // Writes no more to the target, which stays as it is, so that the caller can set another one. Call
    // startOver() next.
    void releaseTarget();

    // Begins again at the first byte of the stream; a target that is set stays, and is overwritten. A file
    // keeps its bytes until the first new one arrives: if none does, they may be worth keeping. Throws
    // Error(Range) if the target is a pipe that has received data already.
    void startOver();
    [[nodiscard]] bool canStartOver() const { return !isStream_ || !headWritten_; }

    [[nodiscard]] std::uint64_t size() const { return headUsed_ + tailWritten_ + chunkUsed_; }
    // So far. The head of a device is not counted, because it is written last.
    [[nodiscard]] std::uint64_t written() const { return tailWritten_ + (headWritten_ ? headUsed_ : 0); }

private:
    struct Free {
        void operator()(std::byte* memory) const noexcept;
    };
    using Buffer = std::unique_ptr<std::byte, Free>;
    static Buffer makeBuffer(std::size_t size);

    void flushChunk();
    void emptyTarget(); // if it has bytes from before startOver()
    void startHeadWrite();
    void flush();   // writes the chunk and waits for it
    void setSize(); // of a file
    [[nodiscard]] std::span<std::byte> chunk() const { return {chunks_.at(filling_).get(), chunkSize}; }
    void startWriteBack(std::uint64_t end);
    void copyFromPipe(int pipe, std::size_t count);
    [[nodiscard]] bool isDevice() const { return target_.blockSize > 1; }
    [[nodiscard]] std::size_t padded(std::span<std::byte> buffer, std::size_t used) const;
    void writeAt(std::span<const std::byte> bytes, std::uint64_t position) const;
    void writeToStream(std::span<const std::byte> bytes) const;
    void sync() const;
    void markHead() const;

    WriteTarget target_;
    bool isStream_ = false;
    bool headWritten_ = false; // to a stream or a file
    bool hasOldBytes_ = false; // from before startOver()
    bool canSplice_ = true;    // until splice(2) fails: some file systems do not support it
    bool readable_ = false;
    Buffer head_;
    std::array<Buffer, 2> chunks_;
    std::size_t filling_ = 0; // index of the chunk being filled; the other may be in a background write
    std::size_t headUsed_ = 0;
    std::size_t chunkUsed_ = 0;
    std::size_t otherUsed_ = 0;     // of the other chunk, which precedes the current one
    bool headIsHere_ = true;        // in head_; false: on the target only
    std::uint64_t tailWritten_ = 0; // bytes written after the head
    std::uint64_t writeBackBegun_ = headSize;
    BackgroundWrite background_;
};

} // namespace bootferry
