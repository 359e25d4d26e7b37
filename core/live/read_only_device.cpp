// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_only_device.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>

#include "errors.h"

namespace bootferry {
namespace {

bool isInUse(const std::string& node) {
    const UniqueFd alone(::open(node.c_str(), O_RDONLY | O_EXCL | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    return !alone && errno == EBUSY;
}

} // namespace

ReadOnlyDevice::ReadOnlyDevice(const std::string& node) {
    if (isInUse(node)) {
        return;
    }
    UniqueFd fd(checkErrno(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
                           fmt::format("opening '{}'", node)));
    const auto what = fmt::format("making '{}' read-only", node);
    int isReadOnly = 0;
    checkErrno(::ioctl(fd.get(), BLKROGET, &isReadOnly), what);
    if (isReadOnly == 0) {
        isReadOnly = 1;
        checkErrno(::ioctl(fd.get(), BLKROSET, &isReadOnly), what);
        fd_ = std::move(fd);
    }
}

ReadOnlyDevice::~ReadOnlyDevice() {
    if (fd_) {
        constexpr int writable = 0;
        (void)::ioctl(fd_.get(), BLKROSET, &writable);
    }
}

} // namespace bootferry
