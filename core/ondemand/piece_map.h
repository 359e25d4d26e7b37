// SPDX-License-Identifier: LGPL-2.1-or-later
// Which pieces of an image are there. An image that is read before it has arrived is fetched out of order, in
// pieces of 64 KiB; each of them is missing, in flight (a session is fetching it) or present. Two bits for
// each piece are all that is kept, so that the memory is bounded by the size of the image, and that size by
// largestImage. The bits of the present pieces may be memory that outlives this process (fill_memory.h):
// whatever is in it is a valid map, although perhaps not a true one.
//
// Pure: no descriptor, no clock, no thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bootferry {

// Bytes of the image.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    [[nodiscard]] std::uint64_t end() const { return offset + length; }
    bool operator==(const Extent&) const = default;
};

// Pieces in a row.
struct PieceRun {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    [[nodiscard]] std::uint64_t end() const { return first + count; }
    bool operator==(const PieceRun&) const = default;
};

class PieceMap {
public:
    static constexpr std::uint64_t pieceSize = std::uint64_t{64} << 10U;
    static constexpr std::uint64_t largestImage = std::uint64_t{1} << 41U; // 2 TiB: 4 MiB for each bit

    // The number of words for the present pieces of an image of this size.
    [[nodiscard]] static std::size_t wordsFor(std::uint64_t size);

    // size: of the image, 1…largestImage bytes. present: borrowed, wordsFor(size) words; bits of pieces that
    // an image of this size does not have are ignored.
    PieceMap(std::uint64_t size, std::span<std::uint64_t> present);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t pieces() const { return pieces_; }
    [[nodiscard]] std::uint64_t presentBytes() const { return presentBytes_; }
    [[nodiscard]] bool isFull() const { return presentBytes_ == size_; }

    // The pieces that these bytes lie in. Bytes beyond the image are in none.
    [[nodiscard]] PieceRun piecesOf(const Extent& bytes) const;
    // The bytes of pieces; the last one may be short.
    [[nodiscard]] Extent bytesOf(const PieceRun& run) const;

    [[nodiscard]] bool isPresent(std::uint64_t piece) const;
    [[nodiscard]] bool isInFlight(std::uint64_t piece) const;
    [[nodiscard]] bool isMissing(std::uint64_t piece) const {
        return !isPresent(piece) && !isInFlight(piece);
    }
    [[nodiscard]] bool arePresent(const PieceRun& run) const;

    // The first missing piece in [from, end), and the length of the row of missing pieces that begins at
    // `from`, at most `most`.
    [[nodiscard]] std::optional<std::uint64_t> firstMissing(std::uint64_t from, std::uint64_t end) const;
    [[nodiscard]] std::uint64_t missingFrom(std::uint64_t from, std::uint64_t most) const;

    void begin(const PieceRun& run);   // missing → in flight
    void arrived(std::uint64_t piece); // in flight → present
    void abandon(const PieceRun& run); // those of them that are in flight → missing
    // Present pieces that have no bit here → missing. kept: as many words as there are, or none.
    void forgetAllBut(std::span<const std::uint64_t> kept);

private:
    [[nodiscard]] std::uint64_t pieceLength(std::uint64_t piece) const;
    void count(); // presentBytes_

    std::uint64_t size_;
    std::uint64_t pieces_;
    std::uint64_t presentBytes_ = 0;
    std::span<std::uint64_t> present_;
    std::vector<std::uint64_t> inFlight_;
};

} // namespace bootferry
