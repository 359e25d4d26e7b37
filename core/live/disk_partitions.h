// SPDX-License-Identifier: LGPL-2.1-or-later
// The partitions of the disk that a medium lies on, as the kernel has them (sysfs) and as its table has them
// (libfdisk). The table decides: what the kernel knows may be of before the disk was deployed.
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

// The disk of a medium, held open: whatever its name leads to later, this is the one that is looked at,
// written to and partitioned. Not exclusively, since the medium is mounted from it.
class MediumDisk {
public:
    explicit MediumDisk(std::string node); // throws Error(Io, Invalid)

    [[nodiscard]] const std::string& node() const { return node_; }
    [[nodiscard]] const UniqueFd& fd() const { return fd_; }

    // What the table has and the kernel knows, which is told of what it did not know yet. Disks without a
    // table have none. Throws Error(Io).
    [[nodiscard]] std::vector<DiskPartition> announcedPartitions() const;

    // Open for reading. While it is open its node cannot become another partition's. Throws Error(Io), also
    // where the node is another one's already.
    [[nodiscard]] UniqueFd openPartition(const DiskPartition& partition) const;

    // From here on it is locked and may be written to; each write through tableFd() is flushed before it
    // returns. Throws Error(Io).
    void claimForWriting();
    [[nodiscard]] const UniqueFd& tableFd() const { return table_; }
    void flush() const;

    // Writes a GPT of which one copy is damaged anew. Throws Error(Io).
    void healTable();

private:
    std::string node_;
    UniqueFd fd_;
    UniqueFd table_; // once it may be written to
    dev_t number_;
};

// What is free behind the image and behind all partitions, and could become one. Nothing is written before
// enter().
class FreeSpace {
public:
    // Nothing where less than `smallest` bytes are free or the table has no room. The disk is claimed for
    // writing. Throws Error(Io).
    [[nodiscard]] static std::optional<FreeSpace> behind(const MediumDisk& disk, std::uint64_t end,
                                                         std::uint64_t smallest);

    [[nodiscard]] std::uint64_t begin() const { return partition_.begin; }
    [[nodiscard]] std::uint64_t size() const { return partition_.size; }
    [[nodiscard]] std::uint32_t blockSize() const { return blockSize_; }

    // Enters the first `size` bytes of it into the table, when what was written to the disk before is
    // flushed; flushes the table and tells the kernel. Throws Error(Io).
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
