// SPDX-License-Identifier: LGPL-2.1-or-later
// The map of what has arrived, on the target itself, so that a machine that is switched off before its disk
// is full continues at its next boot. It lies where the head of the image will be, which is written last:
//
//   block 0               | 4 KiB … 1 MiB
//   ----------------------+----------------------------------------------------------------
//   fill_mark.h: of which | sectors of 512 bytes: 60 words of the map, the sector's number,
//   image the map is      | a check of both and of the version, zeros
//
// WHAT IT PROMISES, whenever the power fails: a piece that it names is on the target, of the version that the
// mark names. So
//   - the first mark of a new fill has no map, and is flushed before anything else is written (FillTarget::
//     mark()); the place of the map is zeros, flushed, before a mark names it;
//   - a piece enters the map only after a flush that followed its last write;
//   - within one version, pieces do not change, and bits are only added. So it does not matter which sectors
//     of the map are old;
//   - what the head has overwritten at the end does not check. Then these pieces are fetched again.
// The pieces of the head are in memory only, and never in the map.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "block_writer.h"
#include "fill_mark.h"
#include "fill_memory.h"
#include "fill_target.h"

namespace bootferry {

class FillRecord {
public:
    static constexpr std::uint64_t mapBegin = 4096;
    static constexpr std::size_t sectorSize = 512;
    static constexpr std::size_t wordsInSector = 60;
    // Of an image: 478 GiB. A larger one is fetched anew by each boot that was interrupted.
    static constexpr std::uint64_t largestImage =
        (FillMemory::headSize - mapBegin) / sectorSize * wordsInSector * 64 * PieceMap::pieceSize;

    // A new fill: adds to `present` what an earlier boot has written of this version, or marks the target
    // anew. head: the first bytes of the image, the same number each time. nullopt: this target has no place
    // for a map of this image. Throws Error(Io).
    [[nodiscard]] static std::optional<FillRecord> begin(const FillTarget& image, const WriteTarget& target,
                                                         const FillVersion& version,
                                                         std::span<const std::byte> head,
                                                         std::span<std::uint64_t> present);

    // Of a fill that another process has begun. nullopt: the target has no map of this version.
    [[nodiscard]] static std::optional<FillRecord> find(const WriteTarget& target, const FillVersion& version,
                                                        std::span<const std::byte> head);

    // Flushes the target and enters these pieces, which were written before the call. Not after
    // FillTarget::stage(). Throws Error(Io).
    void save(std::span<const std::uint64_t> present);
    // The pieces that save() has flushed; those of a failed save() are not among them.
    [[nodiscard]] const std::vector<std::uint64_t>& flushed() const { return flushed_; }

private:
    FillRecord(const WriteTarget& target, FillMark mark);

    [[nodiscard]] static std::optional<FillRecord> of(const WriteTarget& target, const FillVersion& version,
                                                      std::span<const std::byte> head);
    [[nodiscard]] bool isHere() const;                  // what cannot be read is not
    void addTo(std::span<std::uint64_t> present) const; // unreadable parts name no piece
    void writeMark() const;
    void encode(std::span<const std::uint64_t> present, std::size_t sector) const;

    WriteTarget target_;
    FillMark mark_;
    std::size_t sectors_;
    AlignedBuffer room_;
    std::vector<std::uint64_t> flushed_; // and entered
};

} // namespace bootferry
