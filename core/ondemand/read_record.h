// SPDX-License-Identifier: LGPL-2.1-or-later
// Which pieces of an image were read, each where it was first read: what a boot profile (boot_profile.h) is
// made of. It lies in the memory that outlives a worker (fill_memory.h), so that the one that takes its place
// continues it. Bounded: after mostProfileExtents rows of pieces, only the last one still grows.
//
// TRUST. Whoever fills it uses the network. The supervisor copies it before it looks at it; whatever is in it
// is either no record, or the pieces of an image in some order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "piece_map.h"

namespace bootferry {

class ReadRecord {
public:
    static constexpr std::size_t size = sizeof(std::uint64_t) * (1 + std::size_t{32768}); // bytes

    // memory: borrowed, `size` bytes, zeros at first. What is no record of such an image is erased.
    ReadRecord(std::span<std::uint64_t> memory, std::uint64_t imageSize);

    void read(const Extent& bytes);

private:
    std::span<std::uint64_t> memory_;
    std::vector<std::uint64_t> words_; // of seen_
    PieceMap seen_;
};

// The reads of a copy of such memory, in order; empty if it is no record of an image of this size.
[[nodiscard]] std::vector<Extent> recordedReads(std::span<const std::uint64_t> copy, std::uint64_t imageSize);

} // namespace bootferry
