// SPDX-License-Identifier: LGPL-2.1-or-later
// The partitions of the disk that a medium lies on, as the kernel has them (sysfs) and as its table has them
// (libfdisk). The table decides: what the kernel knows may be of before the disk was deployed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct fdisk_context;

namespace bootferry {

// The disk a partition belongs to, "/dev/sda" of "/dev/sda3"; the device itself where it is no partition.
[[nodiscard]] std::string diskOf(const std::string& device);

// Nodes of the partitions the kernel knows, in the order of their numbers.
[[nodiscard]] std::vector<std::string> partitionsOf(const std::string& disk);

// May it be partitioned at all: a disk, not a RAM disk, a CD-ROM or anything read-only.
[[nodiscard]] bool isWritableDisk(const std::string& disk);

struct DiskPartition {
    std::string node;
    unsigned number = 0;
    std::uint64_t begin = 0; // bytes, as is the size
    std::uint64_t size = 0;
};

// What the table has and the kernel knows, which is told of what it did not know yet. Disks without a table
// have none. Throws Error(Io).
[[nodiscard]] std::vector<DiskPartition> announcedPartitions(const std::string& disk);

// What is free behind the image and behind all partitions, and could become one. Nothing is written before
// enter().
class FreeSpace {
public:
    // Nothing where less than `smallest` bytes are free or the table has no room. Throws Error(Io).
    [[nodiscard]] static std::optional<FreeSpace> behind(const std::string& disk, std::uint64_t end,
                                                         std::uint64_t smallest);

    [[nodiscard]] std::uint64_t begin() const { return partition_.begin; }
    [[nodiscard]] std::uint64_t size() const { return partition_.size; }
    [[nodiscard]] std::uint32_t blockSize() const { return blockSize_; }

    // Enters it into the table, when what was written to the disk before is flushed; flushes the table, tells
    // the kernel, and returns the new node. Throws Error(Io).
    std::string enter();

private:
    struct Unref {
        void operator()(fdisk_context* context) const noexcept;
    };

    std::string disk_;
    DiskPartition partition_;
    std::uint32_t blockSize_ = 0;
    std::unique_ptr<fdisk_context, Unref> table_;
};

} // namespace bootferry
