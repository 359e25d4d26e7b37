// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at a disk's bytes without asking what they mean. A disk counts as empty only where it was seen to be:
// at both ends, where nearly everything leaves something, and at places between, among them those of the
// copies of superblocks, so that a file system whose beginning was lost is not overwritten. What cannot be
// read is remembered by its place: an error is not emptiness.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "block_geometry.h"

namespace bootferry {

struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool operator==(const ByteRange&) const = default;
};

struct DiskSurvey {
    // The first byte seen that belongs to something; 0x00, and 0xff in whole sectors (flash that was
    // discarded), do not.
    std::optional<std::uint64_t> firstData;
    std::string dataText;              // what is there: "'GIF89a'", or "8f 3a 11 02 ..."; printable
    std::vector<ByteRange> unreadable; // in order; the looking ends after a few dozen
    int errnoValue = 0;                // of the first of them
};

// Where a disk of this size is looked at: in order, not overlapping. About 120 places, so that a rotating
// disk answers in about a second. Pure.
[[nodiscard]] std::vector<ByteRange> surveyedPlaces(std::uint64_t size);

// Reads those places of [begin, begin + size) of the device. fd is open for reading, without O_DIRECT.
[[nodiscard]] DiskSurvey surveyDisk(int fd, const BlockGeometry& geometry, std::uint64_t begin,
                                    std::uint64_t size);

// "byte 4096", "byte 4096 and 2 more places".
[[nodiscard]] std::string placesText(const std::vector<ByteRange>& places);

} // namespace bootferry
