// SPDX-License-Identifier: LGPL-2.1-or-later
// LOOP_CTL_GET_FREE does not reserve the device: another process may take it first, so retry on EBUSY.
#include "loop_device.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <linux/loop.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>

#include "files.h"
#include "kernel_modules.h"

namespace bootferry {
namespace {

constexpr int attempts = 32;

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

} // namespace

std::string attachLoopDevice(const UniqueFd& file, const std::string& name, const LoopWindow& window) {
    const auto control = openControl();
    loop_config config{};
    config.fd = static_cast<__u32>(file.get());
    config.block_size = window.blockSize;
    config.info.lo_offset = window.offset;
    config.info.lo_sizelimit = window.size;
    name.copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const int number =
            checkErrno(::ioctl(control.get(), LOOP_CTL_GET_FREE), "finding a free loop device");
        auto device = fmt::format("/dev/loop{}", number);
        const UniqueFd fd(checkErrno(::open(device.c_str(), O_RDWR | O_CLOEXEC), "opening '" + device + "'"));
        if (::ioctl(fd.get(), LOOP_CONFIGURE, &config) == 0) {
            return device;
        }
        if (errno != EBUSY) {
            throwErrno(errno, "setting up '" + device + "'");
        }
    }
    throw Error(ErrorCode::Io, EBUSY, "finding a free loop device");
}

std::optional<std::string> findLoopDevice(const std::string& path) {
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
        // The file exists only while the device is attached.
        const auto backing = readSmallFile((entry.path() / "loop/backing_file").string());
        if (backing && *backing == path + '\n') {
            return "/dev/" + entry.path().filename().string();
        }
    }
    return std::nullopt;
}

void detachLoopDevice(const std::string& device) {
    const UniqueFd fd(checkErrno(::open(device.c_str(), O_RDONLY | O_CLOEXEC), "opening '" + device + "'"));
    checkErrno(::ioctl(fd.get(), LOOP_CLR_FD), "freeing '" + device + "'");
}

} // namespace bootferry
