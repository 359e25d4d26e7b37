// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a disk's bytes without interpreting them. A disk counts as empty only if it was seen to be: at both
// ends, where nearly all software leaves something, and at places between, among them those of superblock
// copies, so that a file system with a lost beginning is not overwritten. Unreadable places are recorded: an
// error is not emptiness.
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
    // The first byte of data: not 0x00, and not 0xff in whole sectors (discarded flash).
    std::optional<std::uint64_t> firstData;
    std::string dataText;              // what is there: "'GIF89a'", or "8f 3a 11 02 ..."; printable
    std::vector<ByteRange> unreadable; // in order; the survey stops after a few dozen
    int errnoValue = 0;                // of the first of them
};

// The places to read on a disk of this size: in order, not overlapping. About 120, so that a rotating disk
// takes about a second. Pure.
[[nodiscard]] std::vector<ByteRange> surveyedPlaces(std::uint64_t size);

// Reads those places within [begin, begin + size) of the device. fd is open for reading, without O_DIRECT.
[[nodiscard]] DiskSurvey surveyDisk(int fd, const BlockGeometry& geometry, std::uint64_t begin,
                                    std::uint64_t size);

// "byte 4096", "byte 4096 and 2 more places".
[[nodiscard]] std::string placesText(const std::vector<ByteRange>& places);

} // namespace bootferry
