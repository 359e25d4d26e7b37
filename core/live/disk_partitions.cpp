// SPDX-License-Identifier: LGPL-2.1-or-later
// libfdisk moves the backup header of a GPT to the disk's real end when it writes the table.
#include "disk_partitions.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "handles.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t alignment = std::uint64_t{1} << 20U;
constexpr std::uint64_t unknownToTheKernel = UINT64_MAX;

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

void check(int result, const std::string& what) {
    if (result != 0) {
        throw Error(ErrorCode::Io, result < 0 ? -result : EIO, what);
    }
}

std::string sysfsFolder(const std::string& device) {
    std::error_code missing;
    const auto node = fs::canonical(device, missing);
    return "/sys/class/block/" + (missing ? fs::path(device) : node).filename().string();
}

std::uint64_t readNumber(const std::string& path) {
    return std::strtoull(readSmallFile(path).value_or("0").c_str(), nullptr, 10);
}

Context openTable(const std::string& disk, bool readOnly) {
    Context context(fdisk_new_context());
    if (!context) {
        throw Error(ErrorCode::Io, ENOMEM, fmt::format("reading the partition table of '{}'", disk));
    }
    check(fdisk_disable_dialogs(context.get(), 1), "reading a partition table");
    check(fdisk_assign_device(context.get(), disk.c_str(), readOnly ? 1 : 0),
          fmt::format("reading the partition table of '{}'", disk));
    return context;
}

Table partitionsIn(const Context& context, const std::string& disk) {
    fdisk_table* raw = nullptr;
    if (fdisk_has_label(context.get()) == 1) {
        check(fdisk_get_partitions(context.get(), &raw), fmt::format("reading the partitions of '{}'", disk));
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
std::uint64_t knownBegin(const std::string& node) {
    const auto folder = fs::path("/sys/class/block") / fs::path(node).filename();
    return fs::exists(folder) ? std::uint64_t{readNumber(folder / "start")} * 512 : unknownToTheKernel;
}

// Partitions are told one by one (BLKPG, see <linux/blkpg.h>): a table of a disk that is in use cannot be
// read again as a whole.
bool tellKernel(const std::string& disk, const DiskPartition& told, int operation) {
    const UniqueFd fd(
        checkErrno(::open(disk.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("opening '{}'", disk)));
    blkpg_partition partition{};
    partition.start = static_cast<long long>(told.begin);
    partition.length = static_cast<long long>(told.size);
    partition.pno = static_cast<int>(told.number);
    blkpg_ioctl_arg argument{};
    argument.op = operation;
    argument.datalen = sizeof(partition);
    argument.data = &partition;
    return ::ioctl(fd.get(), BLKPG, &argument) == 0;
}

// Does the kernel know it now? One that it knows from another table, of before the disk was deployed, goes.
bool announce(const std::string& disk, const DiskPartition& partition) {
    if (knownBegin(partition.node) == partition.begin) {
        return true;
    }
    (void)tellKernel(disk, partition, BLKPG_DEL_PARTITION);
    return tellKernel(disk, partition, BLKPG_ADD_PARTITION);
}

DiskPartition partitionFrom(const Context& context, const std::string& disk, fdisk_partition* partition) {
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    const auto number = static_cast<unsigned>(fdisk_partition_get_partno(partition)) + 1;
    return {.node = nodeOf(disk, number),
            .number = number,
            .begin = fdisk_partition_get_start(partition) * sector,
            .size = fdisk_partition_get_size(partition) * sector};
}

std::vector<DiskPartition> tableOf(const Context& context, const std::string& disk) {
    std::vector<DiskPartition> found;
    const auto table = partitionsIn(context, disk);
    for (std::size_t i = 0; table && i < fdisk_table_get_nents(table.get()); ++i) {
        auto* partition = fdisk_table_get_partition(table.get(), i);
        if (fdisk_partition_has_start(partition) != 0 && fdisk_partition_has_size(partition) != 0 &&
            fdisk_partition_is_container(partition) == 0) {
            found.push_back(partitionFrom(context, disk, partition));
        }
    }
    return found;
}

Partition describePartition(const Context& context, std::uint64_t begin, std::uint64_t size) {
    Partition partition(fdisk_new_partition());
    if (!partition) {
        throw Error(ErrorCode::Io, ENOMEM, "adding a partition");
    }
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    check(fdisk_partition_partno_follow_default(partition.get(), 1), "adding a partition");
    check(fdisk_partition_set_start(partition.get(), begin / sector), "adding a partition");
    check(fdisk_partition_set_size(partition.get(), size / sector), "adding a partition");
    return partition;
}

} // namespace

std::string diskOf(const std::string& device) {
    const auto folder = sysfsFolder(device);
    if (!fs::exists(folder + "/partition")) {
        return device;
    }
    return "/dev/" + fs::canonical(folder).parent_path().filename().string();
}

std::vector<std::string> partitionsOf(const std::string& disk) {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(sysfsFolder(disk), failure)) {
        if (fs::exists(entry.path() / "partition", failure)) {
            found.emplace_back(readNumber(entry.path() / "partition"),
                               "/dev/" + entry.path().filename().string());
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> nodes;
    std::transform(found.begin(), found.end(), std::back_inserter(nodes),
                   [](const auto& entry) { return entry.second; });
    return nodes;
}

bool isWritableDisk(const std::string& disk) {
    const auto folder = sysfsFolder(disk);
    const auto name = fs::path(folder).filename().string();
    // What stands in for a RAM disk where the kernel has no brd (core/target/ram_target.h).
    const auto backing = readSmallFile(folder + "/loop/backing_file").value_or("");
    return fs::exists(folder) && readNumber(folder + "/ro") == 0 && !name.starts_with("ram") &&
           !name.starts_with("sr") && !backing.starts_with("/run/bootferry/ram/");
}

std::vector<DiskPartition> announcedPartitions(const std::string& disk) {
    auto found = tableOf(openTable(disk, true), disk);
    std::erase_if(found, [&](const DiskPartition& partition) { return !announce(disk, partition); });
    return found;
}

void FreeSpace::Unref::operator()(fdisk_context* context) const noexcept {
    fdisk_unref_context(context);
}

std::optional<FreeSpace> FreeSpace::behind(const std::string& disk, std::uint64_t end,
                                           std::uint64_t smallest) {
    auto context = openTable(disk, false);
    if (fdisk_has_label(context.get()) != 1) {
        return std::nullopt;
    }
    for (const auto& partition : tableOf(context, disk)) {
        end = std::max(end, partition.begin + partition.size);
    }
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    FreeSpace space;
    space.disk_ = disk;
    space.partition_.begin = (end + alignment - 1) / alignment * alignment;
    const auto last = (static_cast<std::uint64_t>(fdisk_get_last_lba(context.get())) + 1) * sector;
    if (last < space.partition_.begin + smallest) {
        return std::nullopt;
    }
    space.partition_.size = (last - space.partition_.begin) / alignment * alignment;
    const auto described = describePartition(context, space.partition_.begin, space.partition_.size);
    std::size_t index = 0;
    if (fdisk_add_partition(context.get(), described.get(), &index) != 0) {
        return std::nullopt; // four primary ones are there
    }
    space.partition_.number = static_cast<unsigned>(index) + 1;
    space.partition_.node = nodeOf(disk, space.partition_.number);
    space.blockSize_ = static_cast<std::uint32_t>(sector);
    space.table_.reset(context.release());
    return space;
}

// libfdisk flushes some kinds of tables and others not. What lies in the partition comes before its entry,
// and the entry before anything that a running system is promised to find again.
std::string FreeSpace::enter() {
    const auto what = fmt::format("writing the partition table of '{}'", disk_);
    checkErrno(::fsync(fdisk_get_devfd(table_.get())), what);
    check(fdisk_write_disklabel(table_.get()), what);
    checkErrno(::fsync(fdisk_get_devfd(table_.get())), what);
    if (!announce(disk_, partition_)) {
        throwErrno(errno,
                   fmt::format("telling the kernel of partition {} on '{}'", partition_.number, disk_));
    }
    return partition_.node;
}

} // namespace bootferry
