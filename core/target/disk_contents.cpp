// SPDX-License-Identifier: LGPL-2.1-or-later
// ext4, xfs and btrfs are not taken for an image, although they can be one: a disk that holds one is far more
// often somebody's data.
#include "disk_contents.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <blkid/blkid.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr int mostPartitionsNamed = 4;

struct ProbeFree {
    void operator()(blkid_probe probe) const noexcept { blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<blkid_struct_probe, ProbeFree>;

template <typename Number>
Number littleEndian(std::span<const std::byte> head, std::size_t offset) {
    Number number = 0;
    for (std::size_t i = sizeof(Number); i > 0; --i) {
        number = static_cast<Number>(number << 8U | std::to_integer<Number>(head[offset + i - 1]));
    }
    return number;
}

bool has(std::span<const std::byte> head, std::size_t offset, std::string_view magic) {
    return head.size() >= offset + magic.size() &&
           std::memcmp(head.data() + offset, magic.data(), magic.size()) == 0;
}

std::uint64_t deviceSize(int fd) {
    struct stat status {};
    checkErrno(::fstat(fd, &status), "looking at the disk");
    if (S_ISREG(status.st_mode)) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    std::uint64_t size = 0;
    checkErrno(::ioctl(fd, BLKGETSIZE64, &size), "asking for the disk's size");
    return size;
}

std::vector<std::byte> readHead(int fd) {
    std::vector<std::byte> head(declaredSizeProbe);
    std::size_t used = 0;
    while (used < head.size()) {
        const auto n = checkErrno(
            TEMP_FAILURE_RETRY(::pread(fd, head.data() + used, head.size() - used, static_cast<off_t>(used))),
            "reading the disk");
        if (n == 0) {
            break;
        }
        used += static_cast<std::size_t>(n);
    }
    head.resize(used);
    return head;
}

Probe makeProbe(int fd, std::uint64_t offset = 0, std::uint64_t size = 0) {
    Probe probe(blkid_new_probe());
    if (!probe || blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset),
                                         static_cast<blkid_loff_t>(size)) != 0) {
        throw Error(ErrorCode::Io, ENOMEM, "looking at what lies on the disk");
    }
    return probe;
}

std::string value(const Probe& probe, const char* key) {
    const char* text = nullptr;
    if (blkid_probe_lookup_value(probe.get(), key, &text, nullptr) != 0 || text == nullptr) {
        return {};
    }
    std::string shown(text);
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return shown;
}

// "ext4 'rootfs'", "iso9660", "linux_raid_member"; empty where there is nothing.
std::string superblock(int fd, std::uint64_t offset = 0, std::uint64_t size = 0) {
    const auto probe = makeProbe(fd, offset, size);
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
    const int result = blkid_do_safeprobe(probe.get());
    if (result == -2) {
        return "signatures of several file systems";
    }
    if (result != 0) {
        return {};
    }
    const auto label = value(probe, "LABEL");
    return value(probe, "TYPE") + (label.empty() ? "" : fmt::format(" '{}'", label));
}

struct PartitionTable {
    std::string kind; // "gpt", "dos"; empty: none
    int partitions = 0;
    std::string described; // "ext4 'rootfs' on partition 2, …"
};

PartitionTable partitionTable(int fd) {
    const auto probe = makeProbe(fd);
    blkid_probe_enable_superblocks(probe.get(), 0);
    blkid_probe_enable_partitions(probe.get(), 1);
    blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_FORCE_GPT);
    if (blkid_do_safeprobe(probe.get()) != 0) {
        return {};
    }
    const auto end = deviceSize(fd);
    PartitionTable table;
    table.kind = value(probe, "PTTYPE");
    blkid_partlist list = blkid_probe_get_partitions(probe.get());
    table.partitions = list != nullptr ? std::max(0, blkid_partlist_numof_partitions(list)) : 0;
    for (int i = 0; i < std::min(table.partitions, mostPartitionsNamed); ++i) {
        blkid_partition partition = blkid_partlist_get_partition(list, i);
        constexpr std::uint64_t sector = 512; // of libblkid, whatever the disk's are
        const auto start = static_cast<std::uint64_t>(blkid_partition_get_start(partition)) * sector;
        const auto size = static_cast<std::uint64_t>(blkid_partition_get_size(partition)) * sector;
        if (size == 0 || start + size > end) {
            continue; // a table may say anything
        }
        if (const auto holds = superblock(fd, start, size); !holds.empty()) {
            table.described += fmt::format("{}{} on partition {}", table.described.empty() ? "" : ", ", holds,
                                           blkid_partition_get_partno(partition));
        }
    }
    return table;
}

std::string describe(int fd) {
    auto whole = superblock(fd);
    const auto table = partitionTable(fd);
    if (table.kind.empty()) {
        return whole;
    }
    auto text =
        fmt::format("{} with {} partition{}", table.kind, table.partitions, table.partitions == 1 ? "" : "s");
    if (!table.described.empty()) {
        text += "; " + table.described;
    }
    return whole.empty() ? text : whole + "; " + text;
}

} // namespace

std::optional<std::uint64_t> declaredImageSize(std::span<const std::byte> head) {
    constexpr std::size_t descriptors = std::size_t{16} * 2048;
    if (head.size() < declaredSizeProbe) {
        return std::nullopt;
    }
    if (has(head, descriptors,
            "\x01"
            "CD001")) {
        return std::uint64_t{littleEndian<std::uint32_t>(head, descriptors + 80)} *
               littleEndian<std::uint16_t>(head, descriptors + 128);
    }
    if (has(head, 0, "hsqs")) {
        return littleEndian<std::uint64_t>(head, 40);
    }
    if (has(head, 1024, "\xe2\xe1\xf5\xe0")) {
        const auto bits = std::to_integer<unsigned>(head[1024 + 12]);
        return bits <= 16 ? std::optional(std::uint64_t{littleEndian<std::uint32_t>(head, 1024 + 36)} << bits)
                          : std::nullopt;
    }
    return std::nullopt;
}

DiskContents readDiskContents(int fd) {
    const auto head = readHead(fd);
    if (has(head, 0, incompleteMark)) {
        return {.state = DiskState::Incomplete, .description = "an image that is not complete"};
    }
    DiskContents contents;
    contents.description = describe(fd);
    const auto image = declaredImageSize(head);
    if (image && *image > 0 && *image <= deviceSize(fd)) {
        contents.state = DiskState::Deployed;
        contents.imageSize = *image;
    } else if (image) {
        contents.state = DiskState::Foreign;
        contents.description += " that is larger than the disk";
    } else if (!contents.description.empty()) {
        contents.state = DiskState::Foreign;
    }
    return contents;
}

} // namespace bootferry
