// SPDX-License-Identifier: LGPL-2.1-or-later
// O_DIRECT if the device supports it, once the worker has it: writes are on the device when they return, and
// a slow disk does not fill the memory with dirty pages. libblkid's accesses are not aligned for it, so it is
// switched on and off on the one open device.
#include "disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
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

#include "block_device.h"
#include "descriptors.h"
#include "device_usage.h"
#include "errors.h"
#include "files.h"
#include "incomplete_mark.h"
#include "quantities.h"
#include "signature_probe.h"
#include "zero_range.h"

namespace bootferry {
namespace {

constexpr std::size_t memoryAlignment = 4096;
constexpr std::uint64_t endWiped = std::uint64_t{1} << 20U;
// udev, or a worker that was just killed, closes the device within moments; a user that can be named does
// not.
constexpr int attempts = 40;
constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};

struct MemoryFree {
    void operator()(void* memory) const noexcept { std::free(memory); }
};
using Block = std::unique_ptr<char, MemoryFree>;

[[noreturn]] void refuse(const std::string& reason) {
    throw Error(ErrorCode::TargetRefused, reason);
}

Block makeBlock(std::size_t size) {
    Block block(static_cast<char*>(std::aligned_alloc(memoryAlignment, std::max(size, memoryAlignment))));
    if (!block) {
        throw Error(ErrorCode::Io, ENOMEM, "preparing a block");
    }
    std::memset(block.get(), 0, size);
    return block;
}

UniqueFd openName(const std::string& name) {
    UniqueFd path(::open(name.c_str(), O_PATH | O_CLOEXEC));
    if (!path) {
        throw Error(fileErrorCode(errno), errno, fmt::format("opening '{}'", name));
    }
    return path;
}

dev_t numberOf(const UniqueFd& path, const std::string& name) {
    struct stat status {};
    checkErrno(::fstat(path.get(), &status), fmt::format("looking at '{}'", name));
    if (!S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is not a block device", name));
    }
    return status.st_rdev;
}

// The node of this device; nullopt if it does not match: /dev may have been made by hand.
std::optional<std::string> nodeOf(dev_t number) {
    const auto device = BlockDevice::of(number);
    const auto node = device ? device->node() : std::string();
    const auto there = BlockDevice::at(node);
    return there && there->number() == number ? std::optional(node) : std::nullopt;
}

UniqueFd reopen(const UniqueFd& path, int flags) {
    return UniqueFd(::open(descriptorPath(path.get()).c_str(), flags | O_CLOEXEC));
}

bool meansReadOnly(int errnoValue) {
    return errnoValue == EROFS || errnoValue == EACCES || errnoValue == EPERM;
}

void writeBlock(const UniqueFd& fd, const Block& block, std::size_t size, std::uint64_t position,
                const std::string& what) {
    const auto count = checkErrno(
        TEMP_FAILURE_RETRY(::pwrite(fd.get(), block.get(), size, static_cast<off_t>(position))), what);
    if (static_cast<std::size_t>(count) != size) {
        throw Error(ErrorCode::Io, EIO, what);
    }
}

} // namespace

Disk::Disk(const std::string& name) : name_(name), path_(openName(name)), number_(numberOf(path_, name)) {
    node_ = nodeOf(number_).value_or(name);
    open(O_RDONLY);
    sequence_ = mediumNumber(fd_.get());
    geometry_ = readBlockGeometry(fd_.get());
    int readOnly = 0;
    checkErrno(::ioctl(fd_.get(), BLKROGET, &readOnly),
               fmt::format("checking whether '{}' is read-only", name));
    readOnly_ = readOnly != 0;
    lock(LOCK_SH);
}

void Disk::open(int access) {
    for (int attempt = 1;; ++attempt) {
        if (const auto user = describeUsers(number_); !user.empty()) {
            refuse(fmt::format("'{}' is in use: {}", name_, user));
        }
        fd_ = reopen(path_, access | O_EXCL);
        if (fd_) {
            return;
        }
        if (meansReadOnly(errno) && access != O_RDONLY) {
            refuse(fmt::format("'{}' is read-only", name_));
        }
        if (errno != EBUSY) {
            throw Error(fileErrorCode(errno), errno, fmt::format("opening '{}'", name_));
        }
        if (attempt == attempts) {
            refuse(fmt::format("'{}' is in use by another program", name_));
        }
        (void)::nanosleep(&pause, nullptr);
    }
}

// For a partition the whole disk is locked as well: udev and other tools check there.
void Disk::lock(int operation) {
    if (!whole_) {
        const auto device = BlockDevice::of(number_);
        const auto node = device && device->isPartition() ? nodeOf(device->disk().number()) : std::nullopt;
        if (node) {
            whole_.reset(::open(node->c_str(), O_RDONLY | O_CLOEXEC));
        }
    }
    for (const auto* locked : {&whole_, &fd_}) {
        for (int attempt = 1; *locked && ::flock(locked->get(), operation | LOCK_NB) < 0; ++attempt) {
            if (errno != EWOULDBLOCK) {
                throwErrno(errno, fmt::format("locking '{}'", name_));
            }
            if (attempt == attempts) {
                refuse(fmt::format("'{}' is in use: another program has locked it", name_));
            }
            (void)::nanosleep(&pause, nullptr);
        }
    }
}

void Disk::shareLock() const noexcept {
    for (const auto* locked : {&whole_, &fd_}) {
        if (*locked) {
            (void)::flock(locked->get(), LOCK_SH | LOCK_NB);
        }
    }
}

DiskContents Disk::contents() const {
    (void)setDirectIo(false);
    return readDiskContents(fd_.get());
}

void Disk::claimForWriting() {
    if (writable_) {
        return;
    }
    // While this is open, the device's number and name are not reused.
    const auto meanwhile = reopen(path_, O_RDONLY);
    checkErrno(meanwhile.get(), fmt::format("opening '{}'", name_));
    fd_.reset();
    open(O_RDWR);
    if (mediumNumber(fd_.get()) != sequence_) {
        refuse(fmt::format("'{}' is another device now", name_));
    }
    int readOnly = 0;
    if (::ioctl(fd_.get(), BLKROGET, &readOnly) < 0 || readOnly != 0) {
        refuse(fmt::format("'{}' is read-only", name_));
    }
    lock(LOCK_EX);
    writable_ = true;
}

bool Disk::setDirectIo(bool direct) const noexcept {
    const int flags = ::fcntl(fd_.get(), F_GETFL);
    return flags >= 0 && ::fcntl(fd_.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

void Disk::wipe(const DiskContents& contents) {
    heal(contents.unreadable);
    markFirstBlock();
    wipeSignatures();
}

// Unreadable data is lost already. A drive with spare sectors replaces a bad one when it is written; then it
// can be read. A survey stops after some number of errors, so more may follow behind.
void Disk::heal(const std::vector<ByteRange>& found) const {
    auto places = found;
    std::uint64_t healed = 0;
    while (!places.empty()) {
        for (const auto& place : places) {
            writeZeros(place);
            healed = std::max(healed, place.end);
        }
        checkErrno(::fdatasync(fd_.get()), fmt::format("writing to '{}'", name_));
        const auto again = contents();
        if (!again.unreadable.empty() && again.unreadable.front().begin < healed) {
            refuse(unreadableText(name_, again.unreadable, again.errnoValue) +
                   ", although it was overwritten");
        }
        places = again.unreadable;
    }
}

void Disk::writeZeros(const ByteRange& place) const {
    const std::uint64_t block = geometry_.physicalBlock;
    const auto zeros = makeBlock(block);
    (void)setDirectIo(true); // else the kernel first reads the rest of the page
    const auto end = std::min((place.end + block - 1) / block * block, geometry_.size);
    for (auto at = place.begin / block * block; at < end; at += block) {
        const auto size = std::min(block, geometry_.size - at);
        if (::pwrite(fd_.get(), zeros.get(), size, static_cast<off_t>(at)) != static_cast<ssize_t>(size)) {
            throw Error(ErrorCode::TargetRefused, errno,
                        fmt::format("'{}' can be neither read nor written at byte {}", name_, at));
        }
    }
}

// One block, which no disk tears: from then on the remaining old data is not an image.
void Disk::markFirstBlock() const {
    const auto size = std::min<std::size_t>(geometry_.physicalBlock, geometry_.size);
    const auto block = makeBlock(size);
    std::memcpy(block.get(), incompleteMark.data(), incompleteMark.size());
    const auto what = fmt::format("wiping '{}'", name_);
    (void)setDirectIo(true);
    writeBlock(fd_, block, size, 0, what);
    checkErrno(::fdatasync(fd_.get()), what);
}

// As wipefs --all does, after both ends are zeroed: RAID, ZFS and GPT keep backup copies there, and libblkid
// may know only one of several.
void Disk::wipeSignatures() const {
    const auto what = fmt::format("wiping '{}'", name_);
    (void)setDirectIo(false);
    const std::uint64_t first = geometry_.physicalBlock;
    const auto end = std::min(geometry_.size, endWiped);
    zeroRange(fd_, std::min(first, end), end - std::min(first, end), what);
    const auto tail = std::max(geometry_.size - end, first);
    zeroRange(fd_, tail, geometry_.size - std::min(tail, geometry_.size), what);
    const auto probe = makeSignatureProbe(fd_.get(), 0, 0, what);
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(),
                                      BLKID_SUBLKS_TYPE | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
    blkid_probe_enable_partitions(probe.get(), 1);
    blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
    constexpr int most = 1000; // a disk on which signatures reappear after each wipe is broken
    int result = 0;
    for (int count = 0; (result = blkid_do_probe(probe.get())) == 0; ++count) {
        if (count == most || blkid_do_wipe(probe.get(), 0) != 0) {
            throw Error(ErrorCode::Io, errno, fmt::format("wiping the signatures on '{}'", name_));
        }
    }
    if (result < 0) {
        throw Error(ErrorCode::Io, result == -1 ? EIO : -result,
                    fmt::format("looking for signatures on '{}'", name_));
    }
    checkErrno(::fsync(fd_.get()), what);
}

// The partition begins at the next MiB (core/live/disk_partitions.cpp); superblocks lie within its first 128
// KiB.
void Disk::clearBehind(std::uint64_t imageSize) const {
    const auto what = fmt::format("wiping '{}'", name_);
    const std::uint64_t block = geometry_.physicalBlock;
    const auto begin = (std::min(imageSize, geometry_.size) + block - 1) / block * block;
    if (begin >= geometry_.size) {
        return;
    }
    const bool direct = setDirectIo(false);
    zeroRange(fd_, begin, std::min(2 * endWiped, geometry_.size - begin), what);
    checkErrno(::fsync(fd_.get()), what);
    (void)(direct && setDirectIo(true));
}

PreparedTarget Disk::target() const {
    PreparedTarget target;
    target.fd.reset(checkErrno(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0), fmt::format("opening '{}'", name_)));
    target.path = node_;
    target.capacity = geometry_.size;
    target.directIo = setDirectIo(true);
    // The last block is padded, and the padding must not exceed the disk.
    const bool fits = geometry_.size % geometry_.physicalBlock == 0;
    target.blockSize = fits ? geometry_.physicalBlock : geometry_.logicalBlock;
    return target;
}

void Disk::rereadPartitionTable() const noexcept {
    constexpr int rereads = 20;
    for (int attempt = 0; attempt < rereads; ++attempt) {
        // EBUSY: udev is probing a partition. Any other error: the device has no partitions to read.
        if (::ioctl(fd_.get(), BLKRRPART) == 0 || errno != EBUSY) {
            return;
        }
        (void)::nanosleep(&pause, nullptr);
    }
}

void requireRoom(const Disk& disk, std::uint64_t size) {
    if (const auto capacity = disk.geometry().size; size > capacity) {
        const auto [needed, there] = formatSizes(size, capacity);
        throw Error(ErrorCode::TooLarge,
                    fmt::format("the image has {}, but '{}' has only {}", needed, disk.name(), there));
    }
}

} // namespace bootferry
