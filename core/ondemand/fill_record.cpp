// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "errors.h"
#include "file_ranges.h"
#include "piece_map.h"

namespace bootferry {
namespace {

constexpr const char* writing = "writing the map of what has arrived";
constexpr const char* flushing = "flushing the target";
constexpr const char* reading = "reading the map of what has arrived";
constexpr std::uint64_t page = FillTarget::alignment; // written at a time, and a multiple of each block
constexpr std::size_t sectorsInPage = page / FillRecord::sectorSize;

// The machine's byte order: on a machine of another one nothing checks.
struct Sector {
    std::array<std::uint64_t, FillRecord::wordsInSector> words;
    std::uint64_t number;
    std::uint64_t check;
    std::array<std::uint64_t, 2> zeros;
};
static_assert(sizeof(Sector) == FillRecord::sectorSize);

std::uint64_t checkOf(const Sector& sector, std::uint64_t version) {
    return fingerprint(std::as_bytes(std::span(&sector, 1)).first(offsetof(Sector, check)), version);
}

std::uint64_t versionOf(const FillVersion& version, std::span<const std::byte> head) {
    return fingerprint(head, fingerprint(std::as_bytes(std::span(version.validator))));
}

std::size_t sectorsFor(std::uint64_t imageSize) {
    return (PieceMap::wordsFor(imageSize) + FillRecord::wordsInSector - 1) / FillRecord::wordsInSector;
}

std::size_t roundedUp(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

} // namespace

FillRecord::FillRecord(const WriteTarget& target, FillMark mark)
    : target_(target), mark_(mark), sectors_(sectorsFor(mark.imageSize)),
      room_(roundedUp(sectors_, sectorsInPage) * sectorSize), flushed_(PieceMap::wordsFor(mark.imageSize)) {}

std::optional<FillRecord> FillRecord::of(const WriteTarget& target, const FillVersion& version,
                                         std::span<const std::byte> head) {
    const bool hasBlocks =
        target.blockSize >= sectorSize && target.blockSize <= page && page % target.blockSize == 0;
    if (!hasBlocks || version.size <= FillMemory::headSize || version.size > largestImage ||
        target.capacity < version.size) {
        return std::nullopt;
    }
    return FillRecord(target, {.imageSize = version.size, .version = versionOf(version, head)});
}

std::optional<FillRecord> FillRecord::begin(const FillTarget& image, const WriteTarget& target,
                                            const FillVersion& version, std::span<const std::byte> head,
                                            std::span<std::uint64_t> present) {
    auto record = of(target, version, head);
    if (record && record->isHere()) {
        record->addTo(present);
        return record;
    }
    image.mark();
    if (record) {
        record->writeMark();
    }
    return record;
}

std::optional<FillRecord> FillRecord::find(const WriteTarget& target, const FillVersion& version,
                                           std::span<const std::byte> head) {
    auto record = of(target, version, head);
    return record && record->isHere() ? std::move(record) : std::nullopt;
}

bool FillRecord::isHere() const {
    const AlignedBuffer block(page);
    try {
        const auto count = readAt(target_.fd, block.bytes(), 0, reading);
        return readFillMark(block.bytes().first(count)) == mark_;
    } catch (const Error&) {
        return false;
    }
}

void FillRecord::addTo(std::span<std::uint64_t> present) const {
    const auto bytes = room_.bytes();
    for (std::size_t at = 0; at < bytes.size(); at += page) {
        const auto part = bytes.subspan(at, page);
        std::memset(part.data(), 0, part.size());
        try {
            (void)readAt(target_.fd, part, mapBegin + at, reading);
        } catch (const Error&) {
            std::memset(part.data(), 0, part.size());
        }
    }
    constexpr auto headPieces = FillMemory::headSize / PieceMap::pieceSize;
    static_assert(headPieces < 64);
    constexpr auto ofHead = (std::uint64_t{1} << headPieces) - 1;
    for (std::size_t number = 0; number < sectors_; ++number) {
        Sector sector;
        std::memcpy(&sector, bytes.data() + number * sectorSize, sizeof sector);
        if (sector.number != number || sector.check != checkOf(sector, mark_.version)) {
            continue;
        }
        const auto first = number * wordsInSector;
        const auto count = std::min(wordsInSector, flushed_.size() - first);
        for (std::size_t word = 0; word < count; ++word) {
            present[first + word] |= sector.words.at(word) & ~(first + word == 0 ? ofHead : 0);
        }
    }
}

void FillRecord::writeMark() const {
    const AlignedBuffer block(page);
    std::memset(block.bytes().data(), 0, page);
    const auto text = fillMarkText(mark_);
    std::memcpy(block.bytes().data(), text.data(), text.size());
    writeAt(target_.fd, block.bytes().first(target_.blockSize), 0, writing);
    syncData(target_.fd, flushing);
}

void FillRecord::encode(std::span<const std::uint64_t> present, std::size_t number) const {
    Sector sector{};
    const auto first = number * wordsInSector;
    if (number < sectors_) {
        const auto part = present.subspan(first, std::min(wordsInSector, flushed_.size() - first));
        std::copy(part.begin(), part.end(), sector.words.begin());
        sector.number = number;
        sector.check = checkOf(sector, mark_.version);
    }
    std::memcpy(room_.bytes().data() + number * sectorSize, &sector, sizeof sector);
}

void FillRecord::save(std::span<const std::uint64_t> present) {
    const auto now = present.first(flushed_.size());
    if (std::equal(now.begin(), now.end(), flushed_.begin())) {
        return;
    }
    syncData(target_.fd, flushing);
    for (std::size_t at = 0; at < room_.bytes().size(); at += page) {
        const auto firstSector = at / sectorSize;
        const auto first = firstSector * wordsInSector;
        const auto end = std::min(first + sectorsInPage * wordsInSector, flushed_.size());
        const auto old = std::span(flushed_).subspan(first, end - first);
        if (std::equal(old.begin(), old.end(), now.begin() + static_cast<std::ptrdiff_t>(first))) {
            continue;
        }
        for (std::size_t sector = 0; sector < sectorsInPage; ++sector) {
            encode(now, firstSector + sector);
        }
        writeAt(target_.fd, room_.bytes().subspan(at, page), mapBegin + at, writing);
    }
    std::copy(now.begin(), now.end(), flushed_.begin());
}

} // namespace bootferry
