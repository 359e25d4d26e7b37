// SPDX-License-Identifier: LGPL-2.1-or-later
// LOOP_CTL_GET_FREE does not reserve the device. If another process takes it, LOOP_CONFIGURE fails with
// EBUSY; if that process detaches or removes it, open(2) fails with ENXIO or ENOENT.
#include "loop_device.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <linux/loop.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block_device.h"
#include "files.h"
#include "kernel_modules.h"

namespace bootferry {
namespace {

constexpr int attempts = 64;
constexpr std::chrono::milliseconds pause{10}; // between attempts

UniqueFd openControl() {
    UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control && loadKernelModule("loop")) {
        control.reset(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    }
    if (!control) {
        throwErrno(errno, "opening '/dev/loop-control'");
    }
    return control;
}

// Loads the loop module if the kernel has no loop driver yet.
void requireLoopDevices() {
    if (::access("/sys/class/misc/loop-control", F_OK) != 0 && !loadKernelModule("loop")) {
        throw Error(ErrorCode::Unsupported,
                    "this kernel has no loop devices: the module 'loop' is not in the initrd");
    }
}

// Empty if that is not possible.
UniqueFd openForLooking(const std::string& device) {
    return UniqueFd(::open(device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

bool isFileBehind(const struct stat& file, const UniqueFd& device, loop_info64& info) {
    return device && ::ioctl(device.get(), LOOP_GET_STATUS64, &info) == 0 && info.lo_device == file.st_dev &&
           info.lo_inode == file.st_ino;
}

std::optional<OpenLoopDevice> findLoopDevice(const struct stat& file, loop_info64& info) {
    for (const auto& disk : BlockDevice::disks()) {
        if (disk.attribute("loop/offset").empty()) { // there only while a file is attached
            continue;
        }
        OpenLoopDevice device{.path = disk.node()};
        device.fd = openForLooking(device.path);
        if (isFileBehind(file, device.fd, info)) {
            return device;
        }
    }
    return std::nullopt;
}

OpenLoopDevice attach(loop_config& config, const UniqueFd& file, const std::string& name, int access) {
    const auto control = openControl();
    config.fd = static_cast<__u32>(file.get());
    name.copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
    for (int attempt = 1;; ++attempt) {
        const int number =
            checkErrno(::ioctl(control.get(), LOOP_CTL_GET_FREE), "finding a free loop device");
        auto device = fmt::format("/dev/loop{}", number);
        UniqueFd fd(::open(device.c_str(), access | O_CLOEXEC));
        if (fd && ::ioctl(fd.get(), LOOP_CONFIGURE, &config) == 0) {
            return {.path = std::move(device), .fd = std::move(fd)};
        }
        const int error = errno;
        const bool taken = fd ? error == EBUSY : error == ENXIO || error == ENOENT;
        if (!taken || attempt == attempts) {
            throwErrno(error, fmt::format("{} '{}'", fd ? "setting up" : "opening", device));
        }
        std::this_thread::sleep_for(pause);
    }
}

} // namespace

OpenLoopDevice attachLoopDevice(const UniqueFd& file, const std::string& name, const LoopWindow& window) {
    loop_config config{};
    config.block_size = window.blockSize;
    config.info.lo_offset = window.offset;
    config.info.lo_sizelimit = window.size;
    return attach(config, file, name, O_RDWR);
}

OpenLoopDevice attachForMount(const UniqueFd& file, const std::string& name) {
    requireLoopDevices();
    struct stat status {};
    checkErrno(::fstat(file.get(), &status), "looking at the file");
    loop_info64 info{};
    if (auto device = findLoopDevice(status, info)) {
        const bool wholeAndReadOnly =
            info.lo_offset == 0 && info.lo_sizelimit == 0 && (info.lo_flags & LO_FLAGS_READ_ONLY) != 0;
        if (!wholeAndReadOnly) {
            throw Error(ErrorCode::Io, EBUSY, "it is behind '" + device->path + "' already");
        }
        return std::move(*device);
    }
    loop_config config{};
    config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
    // Not open for writing: udev looks at a device anew whenever a writer closes it.
    return attach(config, file, name, O_RDONLY);
}

bool isFileBehind(const std::string& path, const std::string& device) {
    struct stat file {};
    loop_info64 info{};
    return ::stat(path.c_str(), &file) == 0 && isFileBehind(file, openForLooking(device), info);
}

std::optional<OpenLoopDevice> findLoopDevice(const std::string& path) {
    struct stat file {};
    loop_info64 info{};
    return ::stat(path.c_str(), &file) == 0 ? findLoopDevice(file, info) : std::nullopt;
}

void detachLoopDevice(const OpenLoopDevice& device) {
    checkErrno(::ioctl(device.fd.get(), LOOP_CLR_FD), "freeing '" + device.path + "'");
}

} // namespace bootferry
