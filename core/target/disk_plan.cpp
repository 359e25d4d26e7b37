// SPDX-License-Identifier: LGPL-2.1-or-later
// O_DIRECT where the device takes it: writes then are where they belong when they return, and a slow disk
// does not fill the memory with pages that wait for it. The BSD lock is the one that udev honours (systemd's
// docs/BLOCK_DEVICE_LOCKING.md).
#include "disk_target.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include <blkid/blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "device_usage.h"
#include "errors.h"
#include "files.h"
#include "incomplete_mark.h"
#include "quantities.h"
#include "zero_range.h"

namespace bootferry {
namespace {

constexpr std::size_t alignment = 4096;
constexpr std::uint64_t endWiped = std::uint64_t{1} << 20U;

struct ProbeFree {
    void operator()(blkid_probe probe) const noexcept { blkid_free_probe(probe); }
};

[[noreturn]] void refuse(const std::string& reason) {
    throw Error(ErrorCode::TargetRefused, reason);
}

// udev, or a worker that has just been killed, lets go within moments; whoever has a name does not.
UniqueFd openExclusively(const std::string& device, int flags) {
    constexpr int attempts = 40;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    for (int attempt = 1;; ++attempt) {
        if (const auto user = whatUses(device); !user.empty()) {
            refuse(fmt::format("'{}' is in use: {}", device, user));
        }
        UniqueFd fd(::open(device.c_str(), flags | O_EXCL | O_CLOEXEC));
        if (!fd && errno == EROFS) {
            refuse(fmt::format("'{}' is read-only", device));
        }
        if (fd || errno != EBUSY) {
            return fd;
        }
        if (attempt == attempts) {
            refuse(fmt::format("'{}' is in use by another program", device));
        }
        (void)::nanosleep(&pause, nullptr);
    }
}

bool isReadOnly(int fd, const std::string& device) {
    int readOnly = 0;
    checkErrno(::ioctl(fd, BLKROGET, &readOnly), fmt::format("asking '{}' whether it is read-only", device));
    return readOnly != 0;
}

std::uint64_t sizeOf(int fd, const std::string& device) {
    std::uint64_t size = 0;
    checkErrno(::ioctl(fd, BLKGETSIZE64, &size), fmt::format("asking '{}' for its size", device));
    return size;
}

void requireBlockDevice(const std::string& device) {
    struct stat status {};
    if (::stat(device.c_str(), &status) < 0) {
        throw Error(ErrorCode::NotFound, errno, fmt::format("looking at '{}'", device));
    }
    if (!S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::NotFound, fmt::format("'{}' is no block device", device));
    }
}

// One block, which no disk tears: the rest of what was there is no image from then on.
void markFirstBlock(const PreparedTarget& target) {
    struct Free {
        void operator()(void* memory) const noexcept { std::free(memory); }
    };
    const auto size = std::size_t{target.blockSize};
    const std::unique_ptr<char, Free> block(
        static_cast<char*>(std::aligned_alloc(alignment, std::max(size, alignment))));
    if (!block) {
        throw Error(ErrorCode::Io, ENOMEM, "wiping the disk");
    }
    std::memset(block.get(), 0, size);
    std::memcpy(block.get(), incompleteMark.data(), incompleteMark.size());
    const auto what = fmt::format("wiping '{}'", target.path);
    const auto n = checkErrno(TEMP_FAILURE_RETRY(::pwrite(target.fd.get(), block.get(), size, 0)), what);
    if (static_cast<std::size_t>(n) != size) {
        throw Error(ErrorCode::Io, EIO, what);
    }
    checkErrno(::fdatasync(target.fd.get()), what);
}

// As wipefs --all does it. A descriptor of its own: libblkid's accesses are not aligned as O_DIRECT wants
// them.
void wipeSignatures(const std::string& device) {
    const UniqueFd fd(
        checkErrno(::open(device.c_str(), O_RDWR | O_CLOEXEC), fmt::format("opening '{}'", device)));
    const std::unique_ptr<blkid_struct_probe, ProbeFree> probe(blkid_new_probe());
    if (!probe || blkid_probe_set_device(probe.get(), fd.get(), 0, 0) != 0) {
        throw Error(ErrorCode::Io, ENOMEM, fmt::format("wiping '{}'", device));
    }
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(),
                                      BLKID_SUBLKS_TYPE | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
    blkid_probe_enable_partitions(probe.get(), 1);
    blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
    constexpr int most = 1000; // a disk that grows signatures as fast as they are wiped is broken
    for (int count = 0; blkid_do_probe(probe.get()) == 0; ++count) {
        if (count == most || blkid_do_wipe(probe.get(), 0) != 0) {
            throw Error(ErrorCode::Io, errno, fmt::format("wiping the signatures on '{}'", device));
        }
    }
    // RAID, ZFS and GPT keep there what brings them back; libblkid may know only one of several copies.
    const auto size = sizeOf(fd.get(), device);
    const auto end = std::min(size, endWiped);
    zeroRange(fd, size - end, end, fmt::format("wiping the end of '{}'", device));
    checkErrno(::fsync(fd.get()), fmt::format("wiping '{}'", device));
}

} // namespace

DiskPlan planDisk(const std::string& device, const DiskContents& contents, bool overwrite,
                  const char* overwriteOption) {
    if (overwrite) {
        return DiskPlan::Deploy;
    }
    switch (contents.state) {
    case DiskState::Blank:
    case DiskState::Incomplete:
        return DiskPlan::Deploy;
    case DiskState::Deployed:
        return DiskPlan::Use;
    case DiskState::Foreign:
        break;
    }
    refuse(fmt::format("'{}' holds {}; {} overwrites it", device, contents.description, overwriteOption));
}

DiskInspection inspectDisk(const std::string& device) {
    requireBlockDevice(device);
    const auto fd = openExclusively(device, O_RDONLY);
    checkErrno(fd.get(), fmt::format("opening '{}'", device));
    return {.contents = readDiskContents(fd.get()),
            .readOnly = isReadOnly(fd.get(), device),
            .size = sizeOf(fd.get(), device)};
}

PreparedTarget openDisk(const std::string& device) {
    requireBlockDevice(device);
    PreparedTarget target;
    target.path = device;
    target.directIo = true;
    target.fd = openExclusively(device, O_RDWR | O_DIRECT);
    if (!target.fd && errno == EINVAL) {
        target.directIo = false;
        target.fd = openExclusively(device, O_RDWR);
    }
    checkErrno(target.fd.get(), fmt::format("opening '{}'", device));
    if (isReadOnly(target.fd.get(), device)) {
        refuse(fmt::format("'{}' is read-only", device));
    }
    (void)::flock(target.fd.get(), LOCK_EX | LOCK_NB);
    target.capacity = sizeOf(target.fd.get(), device);
    int blockSize = 0;
    checkErrno(::ioctl(target.fd.get(), BLKSSZGET, &blockSize),
               fmt::format("asking '{}' for its block size", device));
    target.blockSize = static_cast<std::uint32_t>(blockSize);
    return target;
}

void requireRoom(const PreparedTarget& target, std::optional<std::uint64_t> size) {
    if (size && *size > target.capacity) {
        throw Error(ErrorCode::TooLarge, fmt::format("the image has {}, '{}' only {}", formatSize(*size),
                                                     target.path, formatSize(target.capacity)));
    }
}

void wipeDisk(const PreparedTarget& target) {
    markFirstBlock(target);
    wipeSignatures(target.path);
}

// As `udevadm settle` does it: systemd's own test for an empty queue. Bounded, because what else udev is busy
// with is none of our business.
void settleUdev() noexcept {
    constexpr int attempts = 100;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    for (int attempt = 0; attempt < attempts && ::access("/run/udev/queue", F_OK) == 0; ++attempt) {
        (void)::nanosleep(&pause, nullptr);
    }
}

void rereadPartitionTable(const std::string& device) noexcept {
    constexpr int attempts = 20;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    for (int attempt = 0; attempt < attempts; ++attempt) {
        // EBUSY: udev is looking at a partition. Anything else: the device has no partitions to read.
        if (::ioctl(fd.get(), BLKRRPART) == 0 || errno != EBUSY) {
            return;
        }
        (void)::nanosleep(&pause, nullptr);
    }
}

std::string listDisks() {
    std::vector<std::string> disks;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", failure)) {
        const auto name = entry.path().filename().string();
        const bool device = std::filesystem::exists(entry.path() / "device", failure);
        const auto sectors =
            std::strtoull(readSmallFile(entry.path() / "size").value_or("0").c_str(), nullptr, 10);
        if (device && sectors > 0) {
            disks.push_back(fmt::format("/dev/{} ({})", name, formatSize(sectors * 512)));
        }
    }
    std::sort(disks.begin(), disks.end());
    return disks.empty() ? "none" : fmt::format("{}", fmt::join(disks, ", "));
}

} // namespace bootferry
