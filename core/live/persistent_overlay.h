// SPDX-License-Identifier: LGPL-2.1-or-later
// The partition on the live medium's own disk that keeps the running system's changes: labelled `cow` and
// behind the image, as KIWI has it, created at the first boot and found again at later ones. A damaged one is
// never recreated, since its data may still be wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "disk_partitions.h"
#include "handles.h"

namespace bootferry {

inline constexpr const char* overlayLabel = "cow";

struct WritePartition {
    std::string node;
    std::string filesystem; // "ext4", "xfs", "btrfs"
    bool made = false;      // created by this call
    UniqueFd held;          // open for reading; keeps the node from becoming another partition's
};

// Finds the partition, whatever its file system, or creates it behind the image with the given one. imageEnd:
// the end of the image at the beginning of the disk, 0 if there is none there (the medium may be one
// partition among others). Throws Error with the reason why changes cannot be kept: no disk, no room, no mkfs
// program, a failed check.
[[nodiscard]] WritePartition prepareWritePartition(MediumDisk& disk, std::uint64_t imageEnd,
                                                   const std::string& filesystem);

// Finds the partition to mount it read-only, and writes nothing; nullopt if there is none. Throws as
// prepareWritePartition().
[[nodiscard]] std::optional<WritePartition> findWritePartition(MediumDisk& disk, std::uint64_t imageEnd);

} // namespace bootferry
