// SPDX-License-Identifier: LGPL-2.1-or-later
// The partitions of the disk that a medium lies on, as the kernel has them (sysfs) and as its table has them
// (libfdisk). Partitions are added one by one (BLKPG, see <linux/blkpg.h>): a table of a disk that is in use
// cannot be read again as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bootferry {

// The disk a partition belongs to, "/dev/sda" of "/dev/sda3"; the device itself where it is no partition.
[[nodiscard]] std::string diskOf(const std::string& device);

// Nodes of the partitions the kernel knows, in the order of their numbers.
[[nodiscard]] std::vector<std::string> partitionsOf(const std::string& disk);

// May it be partitioned at all: a disk, not a RAM disk, a CD-ROM or anything read-only.
[[nodiscard]] bool isWritableDisk(const std::string& disk);

// Tells the kernel of the partitions in the table that it does not know. Disks without a table have none.
// Throws Error(Io).
void announcePartitions(const std::string& disk);

struct NewPartition {
    std::string node;
    std::uint64_t size; // bytes
};

// Adds a partition that takes what is free behind the byte `behind` and behind all other partitions. What
// lies at its beginning is zeroed before there is a partition to find it by. The kernel is told. Nothing
// where less than `smallest` bytes are free or the table has no room. Throws Error(Io).
[[nodiscard]] std::optional<NewPartition> addPartition(const std::string& disk, std::uint64_t behind,
                                                       std::uint64_t smallest);

} // namespace bootferry
