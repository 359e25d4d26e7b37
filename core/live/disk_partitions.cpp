// SPDX-License-Identifier: LGPL-2.1-or-later
// libfdisk moves the backup header of a GPT to the disk's real end when it writes the table. It writes the
// backup first, then the primary entries, their header, and the MBR last. A descriptor with O_DSYNC flushes
// each of them before the next, so that a power cut at any moment leaves one complete table.
#include "disk_partitions.h"

#include <algorithm>
#include <memory>

#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "block_device.h"
#include "descriptors.h"
#include "errors.h"
#include "handles.h"
#include "loop_device.h"

namespace bootferry {
namespace {

constexpr std::uint64_t alignment = std::uint64_t{1} << 20U;
constexpr std::uint64_t notListed = UINT64_MAX;

struct ContextUnref {
    void operator()(fdisk_context* context) const noexcept { fdisk_unref_context(context); }
};
struct TableUnref {
    void operator()(fdisk_table* table) const noexcept { fdisk_unref_table(table); }
};
struct PartitionUnref {
    void operator()(fdisk_partition* partition) const noexcept { fdisk_unref_partition(partition); }
};
using Context = std::unique_ptr<fdisk_context, ContextUnref>;
using Table = std::unique_ptr<fdisk_table, TableUnref>;
using Partition = std::unique_ptr<fdisk_partition, PartitionUnref>;

void checkFdisk(int result, const std::string& what) {
    if (result != 0) {
        throw Error(ErrorCode::Io, result < 0 ? -result : EIO, what);
    }
}

Context openTable(const UniqueFd& fd, const std::string& disk, bool readOnly) {
    const auto what = fmt::format("reading the partition table of '{}'", disk);
    Context context(fdisk_new_context());
    if (!context) {
        throw Error(ErrorCode::Io, ENOMEM, what);
    }
    checkFdisk(fdisk_disable_dialogs(context.get(), 1), what);
    checkFdisk(fdisk_assign_device_by_fd(context.get(), fd.get(), disk.c_str(), readOnly ? 1 : 0), what);
    return context;
}

UniqueFd openNode(const std::string& node) {
    return UniqueFd(checkErrno(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC),
                               fmt::format("opening '{}'", node)));
}

dev_t numberOf(const UniqueFd& fd, const std::string& node) {
    struct stat status {};
    checkErrno(::fstat(fd.get(), &status), fmt::format("looking at '{}'", node));
    if (!S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::Invalid, fmt::format("'{}' is not a block device", node));
    }
    return status.st_rdev;
}

// True for the loop device that replaces a RAM disk if the kernel has no brd (core/target/ram_target.h).
bool isImageInMemory(const std::string& device) {
    return isFileBehind("/run/bootferry/ram/image", device);
}

Table partitionsIn(const Context& context, const std::string& disk) {
    fdisk_table* raw = nullptr;
    if (fdisk_has_label(context.get()) == 1) {
        checkFdisk(fdisk_get_partitions(context.get(), &raw),
                   fmt::format("reading the partitions of '{}'", disk));
    }
    return Table(raw);
}

std::string nodeOf(const std::string& disk, unsigned number) {
    char* name = fdisk_partname(disk.c_str(), number);
    if (name == nullptr) {
        throw Error(ErrorCode::Io, ENOMEM, "naming a partition");
    }
    std::string node(name);
    ::free(name); // NOLINT(cppcoreguidelines-no-malloc): libfdisk's
    return node;
}

// In bytes; sysfs counts in units of 512, whatever the disk's sectors are.
std::uint64_t beginOf(const BlockDevice& partition) {
    return partition.numberAttribute("start") * 512;
}

// By its name, since /dev may lack the node.
std::uint64_t listedBegin(const std::string& node) {
    constexpr std::string_view folder = "/dev/";
    const auto device = BlockDevice::named(node.starts_with(folder) ? node.substr(folder.size()) : node);
    return device ? beginOf(*device) : notListed;
}

// Adds and removes single partitions (BLKPG, see <linux/blkpg.h>): the kernel does not reread the whole table
// of a disk that is in use.
bool changeKernelList(const UniqueFd& disk, const DiskPartition& partition, int operation) {
    blkpg_partition entry{};
    entry.start = static_cast<long long>(partition.begin);
    entry.length = static_cast<long long>(partition.size);
    entry.pno = static_cast<int>(partition.number);
    blkpg_ioctl_arg argument{};
    argument.op = operation;
    argument.datalen = sizeof(entry);
    argument.data = &entry;
    return ::ioctl(disk.get(), BLKPG, &argument) == 0;
}

// True if the kernel lists the partition now. A partition of another table, from before the disk was
// deployed, is removed from the kernel's list.
bool announce(const UniqueFd& disk, const DiskPartition& partition) {
    if (listedBegin(partition.node) == partition.begin) {
        return true;
    }
    (void)changeKernelList(disk, partition, BLKPG_DEL_PARTITION);
    return changeKernelList(disk, partition, BLKPG_ADD_PARTITION);
}

// nullopt if the entry is impossible for this disk: its numbers are untrusted, and some of them wrap.
std::optional<DiskPartition> partitionFrom(const Context& context, const std::string& disk,
                                           fdisk_partition* partition) {
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    const std::uint64_t sectors = fdisk_get_nsectors(context.get());
    const std::uint64_t start = fdisk_partition_get_start(partition);
    const std::uint64_t size = fdisk_partition_get_size(partition);
    if (size == 0 || start >= sectors || size > sectors - start) {
        return std::nullopt;
    }
    const auto number = static_cast<unsigned>(fdisk_partition_get_partno(partition)) + 1;
    return DiskPartition{
        .node = nodeOf(disk, number), .number = number, .begin = start * sector, .size = size * sector};
}

std::vector<DiskPartition> tableOf(const Context& context, const std::string& disk) {
    std::vector<DiskPartition> found;
    const auto table = partitionsIn(context, disk);
    for (std::size_t i = 0; table && i < fdisk_table_get_nents(table.get()); ++i) {
        auto* partition = fdisk_table_get_partition(table.get(), i);
        if (fdisk_partition_has_start(partition) != 0 && fdisk_partition_has_size(partition) != 0 &&
            fdisk_partition_is_container(partition) == 0) {
            if (auto sound = partitionFrom(context, disk, partition)) {
                found.push_back(std::move(*sound));
            }
        }
    }
    return found;
}

// libfdisk searches for room for ever if an entry ends at sector 2^64 - 1.
bool hasImpossibleEntry(const Context& context, const std::string& disk) {
    const auto table = partitionsIn(context, disk);
    return table && fdisk_table_get_nents(table.get()) > tableOf(context, disk).size();
}

template <typename AnyContext>
Partition describePartition(const AnyContext& context, std::uint64_t begin, std::uint64_t size) {
    Partition partition(fdisk_new_partition());
    if (!partition) {
        throw Error(ErrorCode::Io, ENOMEM, "adding a partition");
    }
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    checkFdisk(fdisk_partition_partno_follow_default(partition.get(), 1), "adding a partition");
    checkFdisk(fdisk_partition_set_start(partition.get(), begin / sector), "adding a partition");
    checkFdisk(fdisk_partition_set_size(partition.get(), size / sector), "adding a partition");
    return partition;
}

template <typename AnyContext>
std::optional<std::size_t> addPartition(const AnyContext& context, const DiskPartition& wanted) {
    const auto described = describePartition(context, wanted.begin, wanted.size);
    std::size_t index = 0;
    return fdisk_add_partition(context.get(), described.get(), &index) == 0 ? std::optional(index)
                                                                            : std::nullopt;
}

} // namespace

std::string diskOf(const std::string& device) {
    const auto found = BlockDevice::at(device);
    return found && found->isPartition() ? found->disk().node() : device;
}

std::vector<std::string> partitionsOf(const std::string& disk) {
    std::vector<std::string> nodes;
    if (const auto device = BlockDevice::at(disk)) {
        for (const auto& partition : device->partitions()) {
            nodes.push_back(partition.node());
        }
    }
    return nodes;
}

bool isWritableDisk(const std::string& disk) {
    const auto device = BlockDevice::at(disk);
    return device && device->numberAttribute("ro") == 0 && !device->name().starts_with("ram") &&
           !device->name().starts_with("sr") && !isImageInMemory(disk);
}

MediumDisk::MediumDisk(std::string node)
    : node_(std::move(node)), fd_(openNode(node_)), number_(numberOf(fd_, node_)) {}

std::vector<DiskPartition> tablePartitions(const UniqueFd& disk, const std::string& node) {
    return tableOf(openTable(disk, node, true), node);
}

std::vector<DiskPartition> MediumDisk::announcedPartitions() const {
    auto found = tablePartitions(fd_, node_);
    std::erase_if(found, [&](const DiskPartition& partition) { return !announce(fd_, partition); });
    return found;
}

UniqueFd MediumDisk::openPartition(const DiskPartition& partition) const {
    auto fd = openNode(partition.node);
    const auto device = BlockDevice::of(numberOf(fd, partition.node));
    if (!device || beginOf(*device) != partition.begin || device->disk().number() != number_) {
        throw Error(ErrorCode::Io,
                    fmt::format("'{}' is not partition {} of '{}'", partition.node, partition.number, node_));
    }
    return fd;
}

void MediumDisk::claimForWriting() {
    if (table_) {
        return;
    }
    constexpr int attempts = 100;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
    UniqueFd fd(checkErrno(::open(descriptorPath(fd_.get()).c_str(), O_RDWR | O_CLOEXEC),
                           fmt::format("opening '{}' for writing", node_)));
    for (int attempt = 1; ::flock(fd.get(), LOCK_EX | LOCK_NB) < 0; ++attempt) {
        if (errno != EWOULDBLOCK || attempt == attempts) {
            throwErrno(errno, fmt::format("locking '{}'", node_));
        }
        (void)::nanosleep(&pause, nullptr);
    }
    table_.reset(checkErrno(::open(descriptorPath(fd.get()).c_str(), O_RDWR | O_DSYNC | O_CLOEXEC),
                            fmt::format("opening '{}' for writing", node_)));
    fd_ = std::move(fd);
}

void MediumDisk::flush() const {
    checkErrno(::fsync(fd_.get()), fmt::format("writing to '{}'", node_));
}

// libfdisk has both copies of a GPT in memory and rewrites a damaged one from the other.
void MediumDisk::healTable() {
    auto context = openTable(fd_, node_, true);
    const auto* label = fdisk_get_label(context.get(), nullptr);
    if (fdisk_is_label(context.get(), GPT) == 0 || label == nullptr || fdisk_label_is_changed(label) == 0) {
        return;
    }
    context.reset();
    claimForWriting();
    context = openTable(table_, node_, false);
    checkFdisk(fdisk_write_disklabel(context.get()),
               fmt::format("writing the partition table of '{}'", node_));
    flush();
}

void FreeSpace::Unref::operator()(fdisk_context* context) const noexcept {
    fdisk_unref_context(context);
}

std::optional<FreeSpace> FreeSpace::behind(const UniqueFd& disk, const std::string& node, std::uint64_t end,
                                           std::uint64_t smallest) {
    auto context = openTable(disk, node, false);
    if (fdisk_has_label(context.get()) != 1) {
        return std::nullopt;
    }
    if (fdisk_is_label(context.get(), GPT) != 0 && hasImpossibleEntry(context, node)) {
        throw Error(ErrorCode::Io, fmt::format("the GPT of '{}' has an entry that is not on the disk", node));
    }
    for (const auto& partition : tableOf(context, node)) {
        end = std::max(end, partition.begin + partition.size);
    }
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    const std::uint64_t sectors = fdisk_get_nsectors(context.get());
    const auto last =
        std::min<std::uint64_t>(fdisk_get_last_lba(context.get()), sectors - 1) * sector + sector;
    const auto begin =
        end > UINT64_MAX - alignment ? UINT64_MAX : (end + alignment - 1) / alignment * alignment;
    const auto size = begin < last ? (last - begin) / alignment * alignment : 0;
    if (size == 0 || size < smallest) {
        return std::nullopt;
    }
    FreeSpace space;
    space.partition_.begin = begin;
    space.partition_.size = size;
    // Only adding a partition shows whether the table has room for it; it is removed again.
    const auto index = addPartition(context, space.partition_);
    if (!index) {
        return std::nullopt; // there are four primary partitions already
    }
    checkFdisk(fdisk_delete_partition(context.get(), *index), "adding a partition");
    space.blockSize_ = static_cast<std::uint32_t>(sector);
    space.table_.reset(context.release());
    return space;
}

// The partition's contents are flushed before its entry is written, and the entry before a running system can
// write changes that it must find again.
DiskPartition FreeSpace::enter(const MediumDisk& disk, std::uint64_t size) {
    disk.flush();
    partition_.size = size;
    const auto index = addPartition(table_, partition_);
    if (!index) {
        throw Error(ErrorCode::Io, fmt::format("adding a partition to '{}'", disk.node()));
    }
    partition_.number = static_cast<unsigned>(*index) + 1;
    partition_.node = nodeOf(disk.node(), partition_.number);
    checkFdisk(fdisk_write_disklabel(table_.get()),
               fmt::format("writing the partition table of '{}'", disk.node()));
    disk.flush();
    if (!announce(disk.fd(), partition_)) {
        throwErrno(errno, fmt::format("adding partition {} of '{}' to the kernel's list", partition_.number,
                                      disk.node()));
    }
    return partition_;
}

} // namespace bootferry
