// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device_mapper.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>

#include "errors.h"
#include "handles.h"
#include "kernel_modules.h"

namespace bootferry {
namespace {

// Not known to libkmod if it is built in.
void tryToLoad(const std::string& module) {
    try {
        (void)loadKernelModule(module);
    } catch (const Error&) {
        return; // the list of targets shows it
    }
}

bool isListed(const std::vector<char>& answer, std::string_view target) {
    dm_ioctl header{};
    std::memcpy(&header, answer.data(), sizeof(header));
    std::size_t at = header.data_start;
    while (at + sizeof(dm_target_versions) < answer.size()) {
        dm_target_versions entry{};
        std::memcpy(&entry, answer.data() + at, sizeof(entry));
        const char* const name = answer.data() + at + sizeof(entry);
        if (std::string_view(name, ::strnlen(name, answer.size() - at - sizeof(entry))) == target) {
            return true;
        }
        if (entry.next == 0) {
            return false;
        }
        at += entry.next;
    }
    return false;
}

} // namespace

// dm-mod, and udev or devtmpfs, make the node when the module is loaded.
UniqueFd openDeviceMapper() {
    constexpr const char* path = "/dev/mapper/control";
    UniqueFd control(::open(path, O_RDWR | O_CLOEXEC));
    std::string reason;
    if (!control) {
        try {
            (void)loadKernelModule("dm_mod");
        } catch (const Error& error) {
            reason = error.what();
        }
        control.reset(::open(path, O_RDWR | O_CLOEXEC));
    }
    if (!control) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("the module 'dm_mod' is not in the initrd or cannot be loaded ({})",
                                reason.empty() ? errnoText(errno) : reason));
    }
    return control;
}

bool hasDeviceMapperTarget(const std::string& target) {
    UniqueFd control;
    try {
        control = openDeviceMapper();
    } catch (const Error&) {
        return false;
    }
    tryToLoad("dm_" + target);
    constexpr std::size_t roomForAll = 1U << 16U;
    std::vector<char> buffer(roomForAll);
    dm_ioctl request{};
    request.version[0] = DM_VERSION_MAJOR;
    request.data_size = roomForAll;
    request.data_start = sizeof(request);
    std::memcpy(buffer.data(), &request, sizeof(request));
    return ::ioctl(control.get(), DM_LIST_VERSIONS, buffer.data()) == 0 && isListed(buffer, target);
}

} // namespace bootferry
