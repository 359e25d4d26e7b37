// SPDX-License-Identifier: LGPL-2.1-or-later
// The number of rows · for each row its first piece (32 bits) and how many follow (32 bits). An image has at
// most 2^25 pieces.
#include "read_record.h"

#include <algorithm>

#include "boot_profile.h"

namespace bootferry {
namespace {

static_assert(ReadRecord::size == sizeof(std::uint64_t) * (1 + mostProfileExtents));
static_assert(PieceMap::largestImage / PieceMap::pieceSize <= UINT32_MAX);

constexpr unsigned countBits = 32;

std::uint64_t packed(const PieceRun& run) {
    return run.first << countBits | run.count;
}

PieceRun unpacked(std::uint64_t row) {
    return {.first = row >> countBits, .count = row & UINT32_MAX};
}

} // namespace

// A piece counts once, so that all rows together are not longer than the image.
std::vector<Extent> recordedReads(std::span<const std::uint64_t> copy, std::uint64_t imageSize) {
    if (copy.empty() || copy[0] >= copy.size() || imageSize == 0 || imageSize > PieceMap::largestImage) {
        return {};
    }
    std::vector<std::uint64_t> words(PieceMap::wordsFor(imageSize));
    const PieceMap map(imageSize, words);
    std::vector<Extent> reads;
    auto left = map.pieces();
    for (const auto row : copy.subspan(1, static_cast<std::size_t>(copy[0]))) {
        const auto run = unpacked(row);
        if (run.count == 0 || run.count > left || run.end() > map.pieces()) {
            return {};
        }
        left -= run.count;
        reads.push_back(map.bytesOf(run));
    }
    return reads;
}

ReadRecord::ReadRecord(std::span<std::uint64_t> memory, std::uint64_t imageSize)
    : memory_(memory), words_(PieceMap::wordsFor(imageSize)), seen_(imageSize, words_) {
    const auto earlier = recordedReads(memory_, imageSize);
    if (earlier.empty()) {
        memory_[0] = 0;
    }
    for (const auto& each : earlier) {
        const auto run = seen_.piecesOf(each);
        for (auto piece = run.first; piece < run.end(); ++piece) {
            seen_.arrived(piece);
        }
    }
}

void ReadRecord::read(const Extent& bytes) {
    const auto run = seen_.piecesOf(bytes);
    for (auto piece = run.first; piece < run.end(); ++piece) {
        if (seen_.isPresent(piece)) {
            continue;
        }
        auto& rows = memory_[0];
        const auto last = rows > 0 ? unpacked(memory_[rows]) : PieceRun{};
        if (rows > 0 && last.end() == piece) {
            memory_[rows] = packed({.first = last.first, .count = last.count + 1});
        } else if (rows + 1 < memory_.size()) {
            memory_[rows + 1] = packed({.first = piece, .count = 1});
            ++rows;
        } else {
            continue;
        }
        seen_.arrived(piece);
    }
}

} // namespace bootferry
