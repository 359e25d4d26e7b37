// SPDX-License-Identifier: LGPL-2.1-or-later
// brd: Documentation/admin-guide/blockdev/ramdisk.rst; the module parameters rd_nr and rd_size (KiB) override
// ramdisk_size= if brd is a module. Its pages are allocated when written and freed with the module.
#include "ram_target.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <string_view>

#include <fcntl.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "kernel_modules.h"
#include "log.h"
#include "loop_device.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view ramDiskPrefix = "/dev/ram";
constexpr std::uint64_t pageSize = 4096;
// Memory for the rest of the initrd and the first steps of the booted system.
constexpr std::uint64_t reserve = std::uint64_t{64} << 20U;
constexpr const char* fallbackFolder = "/run/bootferry/ram";
constexpr const char* fallbackImage = "/run/bootferry/ram/image";

// All transfers share the machine's brd module and the folder.
std::mutex oneAtATime;

std::uint64_t roundUp(std::uint64_t bytes) {
    return (bytes + pageSize - 1) / pageSize * pageSize;
}

std::optional<unsigned> ramDiskNumber(const std::string& device) {
    if (!device.starts_with(ramDiskPrefix)) {
        return std::nullopt;
    }
    const auto number = parseNumber<unsigned>(std::string_view(device).substr(ramDiskPrefix.size()));
    return number && *number < 16 ? number : std::nullopt;
}

std::uint64_t deviceSize(int fd) {
    std::uint64_t size = 0;
    checkErrno(::ioctl(fd, BLKGETSIZE64, &size), "asking for a RAM disk's size");
    return size;
}

std::uint32_t logicalBlockSize(int fd) {
    int size = 0;
    checkErrno(::ioctl(fd, BLKSSZGET, &size), "asking for a RAM disk's block size");
    return static_cast<std::uint32_t>(size);
}

// The process that fills a device for a machine that runs from it may have lost its bootferryd, and with it
// the claim: it keeps a shared lock (core/service/ondemand_device.h). udev has one for moments.
void requireUnlocked(const PreparedTarget& target) {
    constexpr int attempts = 40;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    for (int attempt = 1; ::flock(target.fd.get(), LOCK_EX | LOCK_NB) < 0; ++attempt) {
        if (errno != EWOULDBLOCK) {
            throwErrno(errno, fmt::format("locking '{}'", target.path));
        }
        if (attempt == attempts) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("'{}' is in use: another program has locked it", target.path));
        }
        (void)::nanosleep(&pause, nullptr);
    }
    checkErrno(::flock(target.fd.get(), LOCK_SH | LOCK_NB), fmt::format("locking '{}'", target.path));
}

// nullopt if there is no such device.
std::optional<PreparedTarget> openDevice(const std::string& device) {
    constexpr int flags = O_RDWR | O_EXCL | O_CLOEXEC;
    PreparedTarget target;
    target.directIo = true;
    target.fd.reset(::open(device.c_str(), flags | O_DIRECT));
    if (!target.fd && errno == EINVAL) {
        target.directIo = false;
        target.fd.reset(::open(device.c_str(), flags));
    }
    if (!target.fd && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
        return std::nullopt;
    }
    if (!target.fd && errno == EBUSY) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is in use (mounted?)", device));
    }
    checkErrno(target.fd.get(), "opening '" + device + "'");
    target.path = device;
    requireUnlocked(target);
    target.capacity = deviceSize(target.fd.get());
    target.blockSize = logicalBlockSize(target.fd.get());
    return target;
}

// An existing one (built in, or already loaded) is used if it is large enough; one that is too small is
// reloaded if possible.
std::optional<PreparedTarget> openBrd(const std::string& device, unsigned number, std::uint64_t size) {
    if (auto present = openDevice(device)) {
        if (present->capacity >= size) {
            return present;
        }
        const auto presentSize = present->capacity;
        present.reset(); // close it: an open device keeps the module busy
        if (!unloadKernelModule("brd")) {
            logInfo(fmt::format("'{}' has only {} and cannot be made larger: using tmpfs instead", device,
                                formatSize(presentSize)));
            return std::nullopt;
        }
    }
    if (!loadKernelModule("brd", fmt::format("rd_nr={} rd_size={}", number + 1, size / 1024))) {
        logInfo("this kernel has no brd module: using tmpfs instead");
        return std::nullopt;
    }
    auto target = openDevice(device); // devtmpfs has the node before the module's init returns
    return target && target->capacity >= size ? std::move(target) : std::nullopt;
}

void releaseTmpfs() {
    if (const auto device = findLoopDevice(fallbackImage)) {
        detachLoopDevice(*device);
    }
    checkErrno(::umount2(fallbackFolder, MNT_DETACH), "unmounting the image's tmpfs");
}

// Left by a killed service, or an earlier transfer's image that is not mounted. Throws Error(TargetRefused)
// if it is mounted.
void releaseEarlierTmpfs() {
    if (::access(fallbackImage, F_OK) != 0) {
        return;
    }
    if (const auto device = findLoopDevice(fallbackImage)) {
        (void)openDevice(device->path);
    }
    releaseTmpfs();
}

void release(const std::string& path) noexcept {
    try {
        if (isRamDisk(path)) {
            (void)unloadKernelModule("brd");
        } else {
            releaseTmpfs();
        }
    } catch (const std::exception& error) {
        logWarning(fmt::format("giving memory back: {}, ignoring", error.what()));
    }
}

PreparedTarget openTmpfsOnLoop(std::uint64_t size) {
    std::filesystem::create_directories(fallbackFolder);
    releaseEarlierTmpfs();
    const auto options = fmt::format("mode=0700,size={}", size + (std::uint64_t{1} << 20U));
    checkErrno(
        ::mount("bootferry", fallbackFolder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()),
        "mounting a tmpfs for the image");
    try {
        const std::string path = fallbackImage;
        const UniqueFd file(checkErrno(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                                       "creating '" + path + "'"));
        checkErrno(::ftruncate(file.get(), static_cast<off_t>(size)), "setting the size of '" + path + "'");
        const auto device = attachLoopDevice(file, path);
        auto target = openDevice(device.path);
        if (!target) {
            throw Error(ErrorCode::Io, ENOENT, "opening '" + device.path + "'");
        }
        return std::move(*target);
    } catch (...) {
        release(fallbackImage);
        throw;
    }
}

RamDiskPlan planForNow(std::optional<std::uint64_t> imageSize, std::optional<std::uint64_t> ramdiskSize) {
    return planRamDisk(imageSize, ramdiskSize,
                       parseMemoryAvailable(readSmallFile("/proc/meminfo").value_or("")));
}

// False if it is in use.
bool releaseEarlierImage() {
    try {
        releaseEarlierTmpfs();
    } catch (const Error&) {
        return false;
    }
    (void)unloadKernelModule("brd");
    return true;
}

// An earlier image is released at once if memory is too small for both.
RamDiskPlan planBesideOrInPlace(std::optional<std::uint64_t> imageSize,
                                std::optional<std::uint64_t> ramdiskSize) {
    try {
        return planForNow(imageSize, ramdiskSize);
    } catch (const Error&) {
        if (!releaseEarlierImage()) {
            throw;
        }
    }
    return planForNow(imageSize, ramdiskSize);
}

} // namespace

bool isRamDisk(const std::string& device) {
    return ramDiskNumber(device).has_value();
}

std::uint64_t parseMemoryAvailable(const std::string& meminfo) {
    for (const auto line : linesOf(meminfo)) {
        const auto words = wordsOf(line);
        if (words.size() < 2 || words[0] != "MemAvailable:") {
            continue;
        }
        if (const auto kibibytes = parseNumber<std::uint64_t>(words[1])) {
            return *kibibytes * 1024;
        }
    }
    throw Error(ErrorCode::Io, "'/proc/meminfo' has no MemAvailable");
}

std::uint64_t memoryForImage(std::uint64_t imageSize) {
    constexpr auto largest = UINT64_MAX - reserve - pageSize;
    return roundUp(std::min(imageSize, largest)) + reserve;
}

RamDiskPlan planRamDisk(std::optional<std::uint64_t> imageSize, std::optional<std::uint64_t> ramdiskSize,
                        std::uint64_t memoryAvailable) {
    // An image of unknown size may be compressed, and xz may take an eighth of the memory to decode it.
    const auto kept = reserve + (imageSize ? 0 : memoryAvailable / 8);
    const auto usable = memoryAvailable > kept ? memoryAvailable - kept : 0;
    if (imageSize && ramdiskSize && *imageSize > *ramdiskSize) {
        const bool inKibibytes = *ramdiskSize % 1024 == 0; // as ramdisk_size= names them
        const auto sizes =
            inKibibytes
                ? fmt::format("{} KiB, more than the {} KiB", (*imageSize + 1023) / 1024, *ramdiskSize / 1024)
                : fmt::format("{} bytes, more than the {} bytes", *imageSize, *ramdiskSize);
        throw Error(ErrorCode::TooLarge,
                    fmt::format("the image has {} of the RAM disk: raise ramdisk_size= (in KiB) or "
                                "--ramdisk-size= (in bytes), or leave it out to have it sized from the image",
                                sizes));
    }
    if (imageSize && *imageSize > usable) {
        throw Error(
            ErrorCode::TooLarge,
            fmt::format(
                "not enough memory: the image has {}, {} are available and {} of them must stay free; "
                "add memory or use a disk (rd.kiwi.live.system=)",
                formatSize(*imageSize), formatSize(memoryAvailable), formatSize(reserve)));
    }
    if (!imageSize && usable == 0) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("not enough memory: only {} are available", formatSize(memoryAvailable)));
    }
    const auto size = roundUp(ramdiskSize.value_or(imageSize.value_or(usable)));
    return {.size = size, .capacity = imageSize ? size : std::min(size, usable / pageSize * pageSize)};
}

PreparedTarget prepareRamTarget(const std::string& device, std::optional<std::uint64_t> imageSize,
                                std::optional<std::uint64_t> ramdiskSize) {
    const std::lock_guard alone(oneAtATime);
    const auto number = ramDiskNumber(device);
    if (!number) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' is not a RAM disk: /dev/ram0 … /dev/ram15 are", device));
    }
    const auto plan = planBesideOrInPlace(imageSize, ramdiskSize);
    auto target = openBrd(device, *number, plan.size);
    if (!target) {
        target = openTmpfsOnLoop(plan.size);
    }
    if (!imageSize) {
        target->capacity = std::min(target->capacity, plan.capacity);
    }
    return std::move(*target);
}

void releaseRamTarget(const std::string& path) noexcept {
    const std::lock_guard alone(oneAtATime);
    release(path);
}

} // namespace bootferry
