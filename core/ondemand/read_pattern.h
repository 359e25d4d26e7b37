// SPDX-License-Identifier: LGPL-2.1-or-later
// Recognises sequential reads. A read that begins where an earlier one ended belongs to the same stream, of
// which as much again is fetched ahead as was read in a row, so that the window doubles; any other read
// begins a stream of its own, with no read-ahead at all. Several files are read at a time: the last eight
// streams are known. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "piece_map.h"

namespace bootferry {

class ReadPattern {
public:
    static constexpr std::size_t mostStreams = 8;
    // A reader skips small parts (metadata between two files), and the kernel splits a large read into
    // several, which arrive in any order.
    static constexpr std::uint64_t nearby = 2 * PieceMap::pieceSize;

    struct Stream {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;    // where the next read of the stream is expected
        std::uint64_t window = 0; // bytes to fetch ahead of `end`
        std::uint64_t used = 0;   // counts reads; 0: none
    };

    // A read that has arrived. mostAhead: of any window.
    void note(const Extent& read, std::uint64_t mostAhead);

    // How many bytes to fetch behind a read.
    [[nodiscard]] std::uint64_t ahead(const Extent& read) const;

    [[nodiscard]] const std::array<Stream, mostStreams>& streams() const { return streams_; }

private:
    std::array<Stream, mostStreams> streams_;
    std::uint64_t reads_ = 0;
};

} // namespace bootferry
