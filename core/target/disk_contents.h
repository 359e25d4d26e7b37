// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, decided from its bytes: nothing, our own interrupted work, a complete image, or other
// data. Unrecognised is not empty, and unreadable is not absent: only a disk that was seen to be empty is
// blank. A partition table alone decides nothing: live ISOs have one, and so do most disks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "disk_survey.h"
#include "fill_mark.h"

namespace bootferry {

enum class DiskState {
    Blank,      // seen to be empty, see disk_survey.h
    Incomplete, // begins with incompleteMark
    Deployed,   // an image with its head in place, on a disk with room for its declared size
    Foreign,    // anything else that libblkid recognises
    Unknown,    // unrecognised data
    Unreadable, // something could not be read, whatever else was found
};

struct DiskContents {
    DiskState state = DiskState::Blank;
    // For people, see disk_description.h; for unknown data its position and what it looks like. Empty for a
    // blank disk, and for an unreadable one on which nothing is recognised.
    std::string description;
    std::uint64_t imageSize = 0;       // of an image that has room, in bytes
    std::optional<FillMark> fill;      // of an incomplete disk that has a map of what has arrived
    std::vector<ByteRange> unreadable; // the places, as far as known
    int errnoValue = 0;                // of an unreadable disk
};

// fd is open for reading, without O_DIRECT. Throws Error(Io) if it is not a disk, or gone.
[[nodiscard]] DiskContents readDiskContents(int fd);

// A sentence for an unreadable disk: "'/dev/sda' cannot be read at byte 512 (Input/output error)".
[[nodiscard]] std::string unreadableText(const std::string& device, const std::vector<ByteRange>& places,
                                         int errnoValue);

} // namespace bootferry
