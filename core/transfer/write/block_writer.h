// SPDX-License-Identifier: LGPL-2.1-or-later
// Brings a stream onto a target so that it either is there whole or is recognisably not: the first MiB is
// emptied and marked (incomplete_mark.h), everything behind it is written and synced, and only commit()
// writes the head. Callers put bytes straight into the writer's own aligned buffers, so that nothing is
// copied between the source and the kernel, O_DIRECT included; while one of them is filled, another is
// written (background_write.h), so that a target that fails is heard of one piece later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "background_write.h"

namespace bootferry {

// What the supervisor handed over: a descriptor and what may be done with it.
struct WriteTarget {
    int fd = -1;                         // borrowed
    std::uint64_t capacity = UINT64_MAX; // bytes
    std::uint32_t blockSize = 1; // power of two; the tail is padded with zeros up to a multiple of it.
                                 // 1: a file, which gets exactly the stream's size instead.
                                 // 0: a pipe and its like, written once and in order, the head as well
};

class BlockWriter {
public:
    static constexpr std::size_t headSize = std::size_t{1} << 20U;
    static constexpr std::size_t chunkSize = std::size_t{1} << 20U;

    BlockWriter();

    // Where the next bytes go; never empty. Before setTarget() only the head's room is offered: it may run
    // out.
    [[nodiscard]] std::span<std::byte> space();
    void advance(std::size_t count); // so many bytes were put into space()

    // Files alone: what lies in a pipe can go to the target without coming through memory of ours.
    [[nodiscard]] bool takesPipes() const {
        return hasTarget() && !isDevice() && !isStream_ && splices_ && headUsed_ == headSize &&
               chunkUsed_ == 0;
    }
    // While it takes pipes; that many bytes lie in it. When this returns they are in the target.
    void take(int pipe, std::size_t count);
    // A file that was opened for reading as well: what take() put there can be read with pread(2), from
    // size() before the call on.
    [[nodiscard]] bool isReadable() const { return readable_; }

    // The bytes gathered so far, as long as they all fit the head.
    [[nodiscard]] std::span<const std::byte> head() const { return {head_.get(), headUsed_}; }

    // From here on bytes go to the target. Marks and syncs a device's head first. Throws Error(TooLarge, Io).
    void setTarget(const WriteTarget& target);
    [[nodiscard]] bool hasTarget() const { return target_.fd >= 0; }
    [[nodiscard]] const WriteTarget& target() const { return target_; }

    // Throws Error(TooLarge) if the target cannot hold so many bytes, the head included.
    void requireRoom(std::uint64_t size) const;

    // Everything but the head is on the medium when this returns. commit() then makes it whole.
    void stage();
    void commit();

    // The stream begins again at its first byte; the target, if set, stays and is as good as empty. Throws
    // Error(Range) where a pipe has some of it.
    void startOver();

    [[nodiscard]] std::uint64_t size() const { return headUsed_ + tailWritten_ + chunkUsed_; }
    [[nodiscard]] std::uint64_t written() const { return tailWritten_; } // handed to the target so far

private:
    struct Free {
        void operator()(std::byte* memory) const noexcept;
    };
    using Buffer = std::unique_ptr<std::byte, Free>;
    static Buffer makeBuffer(std::size_t size);

    void flushChunk();
    void flush(); // what was gathered is in the target when this returns
    [[nodiscard]] std::span<std::byte> chunk() const { return {chunks_.at(filling_).get(), chunkSize}; }
    void startWriteBack(std::uint64_t end);
    void takeByCopy(int pipe, std::size_t count);
    [[nodiscard]] bool isDevice() const { return target_.blockSize > 1; }
    [[nodiscard]] std::size_t padded(std::span<std::byte> buffer, std::size_t used) const;
    void writeAt(std::span<const std::byte> bytes, std::uint64_t position) const;
    void writeOn(std::span<const std::byte> bytes) const;
    void sync() const;
    void markHead() const;

    WriteTarget target_;
    bool isStream_ = false;
    bool headIsOut_ = false; // of a stream
    bool splices_ = true;    // as far as is known: some file systems do not
    bool readable_ = false;
    Buffer head_;
    std::array<Buffer, 2> chunks_;
    std::size_t filling_ = 0; // of them; the other one may be on its way
    std::size_t headUsed_ = 0;
    std::size_t chunkUsed_ = 0;
    std::uint64_t tailWritten_ = 0; // behind the head
    std::uint64_t writeBackBegun_ = headSize;
    BackgroundWrite background_;
};

} // namespace bootferry
