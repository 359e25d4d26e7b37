// SPDX-License-Identifier: LGPL-2.1-or-later
// The place on the live medium's own disk where the running system's changes are kept: a partition labelled
// `cow` behind the image, as KIWI has it, made at the first boot and found again at the next ones. One that
// is damaged is never made anew: what is on it may be dear to somebody.
#pragma once

#include <cstdint>
#include <string>

#include "disk_partitions.h"
#include "handles.h"

namespace bootferry {

inline constexpr const char* overlayLabel = "cow";

struct WritePartition {
    std::string node;
    std::string filesystem; // "ext4", "xfs", "btrfs"
    bool made = false;      // just now
    UniqueFd held;          // open for reading: until it is closed the node is this partition's
};

// Finds the partition, whatever its file system, or makes it behind the image with this one. imageEnd is
// where the image that begins with the disk ends, 0 where none does: a medium may be a partition beside
// somebody else's. Throws Error with the reason why changes cannot be kept: no disk, no room, no tool to make
// the file system, a check that failed.
[[nodiscard]] WritePartition prepareWritePartition(MediumDisk& disk, std::uint64_t imageEnd,
                                                   const std::string& filesystem);

} // namespace bootferry
