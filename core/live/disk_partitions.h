// SPDX-License-Identifier: LGPL-2.1-or-later
// The partitions of a medium's disk: those the kernel lists (sysfs) and those in the partition table
// (libfdisk). The table decides, since the kernel's list may date from before the disk was deployed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "handles.h"

struct fdisk_context;

namespace bootferry {

// The disk a partition belongs to, "/dev/sda" of "/dev/sda3"; the device itself if it is not a partition.
[[nodiscard]] std::string diskOf(const std::string& device);

// Nodes of the partitions the kernel lists, in the order of their numbers.
[[nodiscard]] std::vector<std::string> partitionsOf(const std::string& disk);

// True for a disk that can be partitioned: not a RAM disk, a CD-ROM or a read-only device.
[[nodiscard]] bool isWritableDisk(const std::string& disk);

struct DiskPartition {
    std::string node;
    unsigned number = 0;
    std::uint64_t begin = 0; // in bytes, like the size
    std::uint64_t size = 0;
};

// The partitions of the table on a disk, or in an image file; impossible ones are left out. Empty without a
// table. Throws Error(Io).
[[nodiscard]] std::vector<DiskPartition> tablePartitions(const UniqueFd& disk, const std::string& node);

// The disk of a medium, held open so that every read, write and partitioning step reaches the same disk even
// if its name changes meaning. Not opened exclusively, since the medium is mounted from it.
class MediumDisk {
public:
    explicit MediumDisk(std::string node); // throws Error(Io, Invalid)

    [[nodiscard]] const std::string& node() const { return node_; }
    [[nodiscard]] const UniqueFd& fd() const { return fd_; }

    // The partitions of the table, after adding to the kernel's list those it lacks. Empty for a disk without
    // a table. Throws Error(Io).
    [[nodiscard]] std::vector<DiskPartition> announcedPartitions() const;

    // Opens for reading. While the descriptor is open, the node cannot become another partition's. Throws
    // Error(Io), also if the node already belongs to another partition.
    [[nodiscard]] UniqueFd openPartition(const DiskPartition& partition) const;

    // Locks the disk and opens it for writing; each write through tableFd() is flushed before it returns.
    // Throws Error(Io).
    void claimForWriting();
    [[nodiscard]] const UniqueFd& tableFd() const { return table_; }
    void flush() const;

    // Rewrites a GPT if one of its two copies is damaged. Throws Error(Io).
    void healTable();

private:
    std::string node_;
    UniqueFd fd_;
    UniqueFd table_; // open after claimForWriting()
    dev_t number_;
};

// The free space behind the image and all partitions, as a partition to be. Nothing is written before
// enter().
class FreeSpace {
public:
    // nullopt if less than `smallest` bytes are free or the table has no room. disk: open for writing, as
    // tableFd() of a MediumDisk. Throws Error(Io).
    [[nodiscard]] static std::optional<FreeSpace> behind(const UniqueFd& disk, const std::string& node,
                                                         std::uint64_t end, std::uint64_t smallest);

    [[nodiscard]] std::uint64_t begin() const { return partition_.begin; }
    [[nodiscard]] std::uint64_t size() const { return partition_.size; }
    [[nodiscard]] std::uint32_t blockSize() const { return blockSize_; }

    // Flushes the disk, enters the first `size` bytes of the space into the table, flushes the table and adds
    // the partition to the kernel's list. Throws Error(Io).
    DiskPartition enter(const MediumDisk& disk, std::uint64_t size);

private:
    struct Unref {
        void operator()(fdisk_context* context) const noexcept;
    };

    DiskPartition partition_;
    std::uint32_t blockSize_ = 0;
    std::unique_ptr<fdisk_context, Unref> table_;
};

} // namespace bootferry
