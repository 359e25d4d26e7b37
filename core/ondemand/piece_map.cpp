// SPDX-License-Identifier: LGPL-2.1-or-later
// Searches go word by word: a map of 2 TiB has half a million of them.
#include "piece_map.h"

#include <algorithm>
#include <bit>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::uint64_t bitsPerWord = 64;

[[nodiscard]] bool hasBit(std::span<const std::uint64_t> words, std::uint64_t bit) {
    return ((words[bit / bitsPerWord] >> (bit % bitsPerWord)) & 1U) != 0;
}

void setBit(std::span<std::uint64_t> words, std::uint64_t bit, bool value) {
    const auto mask = std::uint64_t{1} << (bit % bitsPerWord);
    auto& word = words[bit / bitsPerWord];
    word = value ? word | mask : word & ~mask;
}

[[nodiscard]] std::uint64_t piecesIn(std::uint64_t size) {
    return (size + PieceMap::pieceSize - 1) / PieceMap::pieceSize;
}

} // namespace

std::size_t PieceMap::wordsFor(std::uint64_t size) {
    return static_cast<std::size_t>((piecesIn(size) + bitsPerWord - 1) / bitsPerWord);
}

PieceMap::PieceMap(std::uint64_t size, std::span<std::uint64_t> present)
    : size_(size), pieces_(size <= largestImage ? piecesIn(size) : 0), present_(present) {
    if (size == 0 || size > largestImage || present.size() < wordsFor(size)) {
        throw Error(ErrorCode::Internal, "a map of an image of an impossible size");
    }
    present_ = present_.first(wordsFor(size));
    inFlight_.resize(present_.size());
    if (const auto used = pieces_ % bitsPerWord; used > 0) {
        present_.back() &= (std::uint64_t{1} << used) - 1;
    }
    count();
}

void PieceMap::count() {
    presentBytes_ = 0;
    for (const auto word : present_) {
        presentBytes_ += static_cast<std::uint64_t>(std::popcount(word)) * pieceSize;
    }
    if (isPresent(pieces_ - 1)) {
        presentBytes_ -= pieceSize - pieceLength(pieces_ - 1);
    }
}

void PieceMap::forgetAllBut(std::span<const std::uint64_t> kept) {
    for (std::size_t word = 0; word < present_.size(); ++word) {
        present_[word] &= word < kept.size() ? kept[word] : 0;
    }
    count();
}

PieceRun PieceMap::piecesOf(const Extent& bytes) const {
    if (bytes.length == 0 || bytes.offset >= size_) {
        return {.first = std::min(bytes.offset / pieceSize, pieces_), .count = 0};
    }
    const auto last = bytes.offset + std::min(bytes.length, size_ - bytes.offset) - 1;
    const auto first = bytes.offset / pieceSize;
    return {.first = first, .count = last / pieceSize - first + 1};
}

Extent PieceMap::bytesOf(const PieceRun& run) const {
    const auto begin = std::min(run.first * pieceSize, size_);
    return {.offset = begin, .length = std::min(run.end() * pieceSize, size_) - begin};
}

std::uint64_t PieceMap::pieceLength(std::uint64_t piece) const {
    return std::min(pieceSize, size_ - piece * pieceSize);
}

bool PieceMap::isPresent(std::uint64_t piece) const {
    return hasBit(present_, piece);
}

bool PieceMap::isInFlight(std::uint64_t piece) const {
    return hasBit(inFlight_, piece);
}

bool PieceMap::arePresent(const PieceRun& run) const {
    for (auto piece = run.first; piece < run.end(); ++piece) {
        if (!isPresent(piece)) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> PieceMap::firstMissing(std::uint64_t from, std::uint64_t end) const {
    end = std::min(end, pieces_);
    while (from < end) {
        const auto word = from / bitsPerWord;
        const auto missing = ~(present_[word] | inFlight_[word]) >> (from % bitsPerWord);
        if (missing != 0) {
            const auto piece = from + static_cast<std::uint64_t>(std::countr_zero(missing));
            return piece < end ? std::optional(piece) : std::nullopt;
        }
        from = (word + 1) * bitsPerWord;
    }
    return std::nullopt;
}

std::uint64_t PieceMap::missingFrom(std::uint64_t from, std::uint64_t most) const {
    const auto end = from + std::min(most, pieces_ - std::min(from, pieces_));
    auto piece = from;
    while (piece < end && isMissing(piece)) {
        ++piece;
    }
    return piece - from;
}

void PieceMap::begin(const PieceRun& run) {
    for (auto piece = run.first; piece < run.end(); ++piece) {
        setBit(inFlight_, piece, !isPresent(piece));
    }
}

void PieceMap::arrived(std::uint64_t piece) {
    setBit(inFlight_, piece, false);
    if (!isPresent(piece)) {
        setBit(present_, piece, true);
        presentBytes_ += pieceLength(piece);
    }
}

void PieceMap::abandon(const PieceRun& run) {
    for (auto piece = run.first; piece < run.end(); ++piece) {
        setBit(inFlight_, piece, false);
    }
}

} // namespace bootferry
