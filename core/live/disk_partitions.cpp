// SPDX-License-Identifier: LGPL-2.1-or-later
// libfdisk moves the backup header of a GPT to the disk's real end when it writes the table.
#include "disk_partitions.h"

#include <algorithm>
#include <array>
#include <cstring>
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
constexpr std::size_t wipeSize = std::size_t{1} << 20U; // every signature of the file systems in question

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

unsigned readNumber(const std::string& path) {
    return static_cast<unsigned>(std::strtoul(readSmallFile(path).value_or("0").c_str(), nullptr, 10));
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

// Calls visit(number, begin, size), the latter two in bytes.
template <typename Visit>
void forEachPartition(const Context& context, const Table& table, Visit visit) {
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    for (std::size_t i = 0; table && i < fdisk_table_get_nents(table.get()); ++i) {
        auto* partition = fdisk_table_get_partition(table.get(), i);
        if (fdisk_partition_has_start(partition) != 0 && fdisk_partition_has_size(partition) != 0) {
            visit(static_cast<unsigned>(fdisk_partition_get_partno(partition)) + 1,
                  fdisk_partition_get_start(partition) * sector,
                  fdisk_partition_get_size(partition) * sector);
        }
    }
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

bool isKnown(const std::string& disk, unsigned number) {
    const auto name = fs::path(nodeOf(disk, number)).filename();
    return fs::exists(fs::path("/sys/class/block") / name);
}

void announce(const std::string& disk, unsigned number, std::uint64_t begin, std::uint64_t size) {
    const UniqueFd fd(
        checkErrno(::open(disk.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("opening '{}'", disk)));
    blkpg_partition partition{};
    partition.start = static_cast<long long>(begin);
    partition.length = static_cast<long long>(size);
    partition.pno = static_cast<int>(number);
    blkpg_ioctl_arg argument{};
    argument.op = BLKPG_ADD_PARTITION;
    argument.datalen = sizeof(partition);
    argument.data = &partition;
    checkErrno(::ioctl(fd.get(), BLKPG, &argument),
               fmt::format("telling the kernel of partition {} on '{}'", number, disk));
}

void zero(const std::string& disk, std::uint64_t begin, std::uint64_t size) {
    const auto what = fmt::format("wiping '{}' from byte {}", disk, begin);
    const UniqueFd fd(checkErrno(::open(disk.c_str(), O_WRONLY | O_CLOEXEC), what));
    const std::vector<char> zeros(std::min<std::uint64_t>(wipeSize, size));
    for (std::size_t done = 0; done < zeros.size();) {
        done += static_cast<std::size_t>(
            checkErrno(TEMP_FAILURE_RETRY(::pwrite(fd.get(), zeros.data() + done, zeros.size() - done,
                                                   static_cast<off_t>(begin + done))),
                       what));
    }
    checkErrno(::fsync(fd.get()), what);
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
    std::vector<std::pair<unsigned, std::string>> found;
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

void announcePartitions(const std::string& disk) {
    const auto context = openTable(disk, true);
    forEachPartition(context, partitionsIn(context, disk),
                     [&](unsigned number, std::uint64_t begin, std::uint64_t size) {
                         if (!isKnown(disk, number)) {
                             announce(disk, number, begin, size);
                         }
                     });
}

std::optional<NewPartition> addPartition(const std::string& disk, std::uint64_t behind,
                                         std::uint64_t smallest) {
    const auto context = openTable(disk, false);
    if (fdisk_has_label(context.get()) != 1) {
        return std::nullopt;
    }
    forEachPartition(
        context, partitionsIn(context, disk),
        [&](unsigned, std::uint64_t begin, std::uint64_t size) { behind = std::max(behind, begin + size); });
    const std::uint64_t sector = fdisk_get_sector_size(context.get());
    const auto begin = (behind + alignment - 1) / alignment * alignment;
    const auto end = (static_cast<std::uint64_t>(fdisk_get_last_lba(context.get())) + 1) * sector;
    if (end <= begin || end - begin < smallest) {
        return std::nullopt;
    }
    const auto size = (end - begin) / alignment * alignment;
    zero(disk, begin, size);
    std::size_t index = 0;
    if (fdisk_add_partition(context.get(), describePartition(context, begin, size).get(), &index) != 0) {
        return std::nullopt; // four primary ones are there
    }
    check(fdisk_write_disklabel(context.get()), fmt::format("writing the partition table of '{}'", disk));
    const auto number = static_cast<unsigned>(index) + 1;
    if (!isKnown(disk, number)) {
        announce(disk, number, begin, size);
    }
    return NewPartition{.node = nodeOf(disk, number), .size = size};
}

} // namespace bootferry
