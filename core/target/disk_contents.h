// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, decided from its bytes: nothing, our own interrupted work, a complete image, or
// something of somebody else's. A partition table says nothing by itself: live ISOs carry one, and so does
// every other disk.
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

enum class DiskState {
    Blank,      // no signature that libblkid knows
    Incomplete, // it begins with incompleteMark
    Deployed,   // an image with its head in place, and room for all that it says it has
    Foreign,    // anything else
};

struct DiskContents {
    DiskState state = DiskState::Blank;
    // For people, see disk_description.h. Empty for a blank disk.
    std::string description;
    std::uint64_t imageSize = 0; // of a deployed image, in bytes
};

// fd is open for reading, without O_DIRECT. Throws Error(Io).
[[nodiscard]] DiskContents readDiskContents(int fd);

} // namespace bootferry
