// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk as a target: what is done with it follows from what lies there and from what was asked. A deployed
// disk is used as it is; somebody else's is refused with a name for what was found; the rest is deployed to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "disk_contents.h"
#include "prepared_target.h"

namespace bootferry {

enum class DiskPlan {
    Use,    // what is there, as it is
    Deploy, // an image has to be fetched
};

// Pure. overwrite: the administrator said so (rd.kiwi.live.reset, --reset). Throws Error(TargetRefused).
[[nodiscard]] DiskPlan planDisk(const std::string& device, const DiskContents& contents, bool overwrite,
                                const char* overwriteOption);

// Looks at a disk without changing it. Throws Error(TargetRefused) where it is in use (mounted, a holder),
// Error(NotFound) where it is no block device, Error(Io).
struct DiskInspection {
    DiskContents contents;
    bool readOnly = false;
    std::uint64_t size = 0;
};
[[nodiscard]] DiskInspection inspectDisk(const std::string& device);

// Opens it for writing, exclusively (no mount, no holder; udev keeps off). Throws Error(TargetRefused):
// in use, or read-only.
[[nodiscard]] PreparedTarget openDisk(const std::string& device);

// Throws Error(TooLarge) with the numbers where size is known and does not fit.
void requireRoom(const PreparedTarget& target, std::optional<std::uint64_t> size);

// Makes the disk *incomplete*: its first block first, so that from then on nothing that was there is taken
// for whole; then every signature that libblkid knows, and the disk's last MiB. Synced. Throws Error(Io).
void wipeDisk(const PreparedTarget& target);

// Has the kernel read the partition table of what was written. What is in use is left as it is.
void rereadPartitionTable(const std::string& device) noexcept;

// Waits until udev has looked at it, for 5 s at most.
void settleUdev() noexcept;

// "vda (10.0 GiB), sda (931.5 GiB)": the disks there are, for an error about one that is not. "none".
[[nodiscard]] std::string listDisks();

} // namespace bootferry
