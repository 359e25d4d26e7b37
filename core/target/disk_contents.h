// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, decided from its bytes: nothing, our own interrupted work, a complete image, or
// something of somebody else's. Not to be recognised is not to be empty, and not to be readable is not to be
// absent: only a disk that was seen to be empty is blank. A partition table says nothing by itself: live ISOs
// carry one, and so does every other disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "disk_survey.h"

namespace bootferry {

enum class DiskState {
    Blank,      // seen to be empty, see disk_survey.h
    Incomplete, // it begins with incompleteMark
    Deployed,   // an image with its head in place, and room for all that it says it has
    Foreign,    // something else that libblkid knows
    Unknown,    // bytes that nobody knows
    Unreadable, // something could not be read, whatever else was seen
};

struct DiskContents {
    DiskState state = DiskState::Blank;
    // For people, see disk_description.h; of unknown data where it lies and what it looks like. Empty for a
    // blank disk, and where nothing of an unreadable one is known.
    std::string description;
    std::uint64_t imageSize = 0;       // of an image with room for all of it, in bytes
    std::vector<ByteRange> unreadable; // the places, as far as they are known
    int errnoValue = 0;                // of an unreadable disk
};

// fd is open for reading, without O_DIRECT. Throws Error(Io) where it is no disk, or gone.
[[nodiscard]] DiskContents readDiskContents(int fd);

// An unreadable disk as a sentence: "'/dev/sda' cannot be read at byte 512 (Input/output error)".
[[nodiscard]] std::string unreadableText(const std::string& device, const std::vector<ByteRange>& places,
                                         int errnoValue);

} // namespace bootferry
