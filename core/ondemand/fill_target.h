// SPDX-License-Identifier: LGPL-2.1-or-later
// The target of an image that arrives out of order. The head (1 MiB) is kept in memory and written last, as
// by BlockWriter, so that the target is recognisable as incomplete until everything else is on it; what is
// read of the image comes from wherever it is. Reads and writes are aligned, since the target may have been
// opened with O_DIRECT: an image in RAM must not lie there twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "block_writer.h"
#include "piece_map.h"

namespace bootferry {

class AlignedBuffer {
public:
    explicit AlignedBuffer(std::size_t size); // a multiple of 4 KiB

    [[nodiscard]] std::span<std::byte> bytes() const { return {memory_.get(), size_}; }

private:
    struct Free {
        void operator()(std::byte* memory) const noexcept;
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t size_;
};

class FillTarget {
public:
    // Whatever the kernel's block size is, it divides this: an image that is served ends at such a multiple.
    static constexpr std::uint64_t alignment = 4096;
    [[nodiscard]] static constexpr std::uint64_t servedSize(std::uint64_t size) {
        return (size + alignment - 1) / alignment * alignment;
    }

    // head: BlockWriter::headSize bytes, which outlive the object. Throws Error(TooLarge) if the image does
    // not fit.
    FillTarget(const WriteTarget& target, std::span<std::byte> head, std::uint64_t size);

    // Makes the target recognisable as incomplete. Call before the first write() to a new target.
    void mark() const;

    // Writes a piece, which is in the first bytes of a buffer of pieceSize; the rest of it is overwritten.
    // Callable from several threads, each with pieces of its own.
    void write(std::uint64_t piece, std::span<std::byte> buffer) const;

    // Up to `most` bytes from an offset, at least one: on the target, or zeros beyond the image. Valid until
    // the next call. Only pieces that were written. Throws Error(Io).
    [[nodiscard]] std::span<const std::byte> read(std::uint64_t offset, std::size_t most);

    // Syncs everything but the head. Then commit() writes the head, after which the target is complete.
    void stage() const;
    void commit() const;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::span<const std::byte> head() const { return head_; }

private:
    void sync() const;

    WriteTarget target_;
    std::span<std::byte> head_;
    std::uint64_t size_;
    AlignedBuffer room_; // for read()
};

} // namespace bootferry
