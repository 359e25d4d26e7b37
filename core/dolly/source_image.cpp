// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_image.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

namespace bootferry::dolly {

SourceImage::SourceImage(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (!fd_) {
        throw Error(fileErrorCode(errno), errno, fmt::format("opening '{}'", path));
    }
    struct stat status {};
    checkErrno(::fstat(fd_.get(), &status), fmt::format("looking at '{}'", path));
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is neither a regular file nor a block device", path));
    }
    size_ = static_cast<std::uint64_t>(
        checkErrno(::lseek(fd_.get(), 0, SEEK_END), fmt::format("asking for the size of '{}'", path)));
}

std::span<const std::byte> SourceImage::read(std::span<std::byte> into) {
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - position_)));
    if (into.empty()) {
        return into;
    }
    ssize_t count = -1;
    do {
        count = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(position_));
    } while (count < 0 && errno == EINTR);
    checkErrno(count, fmt::format("reading '{}'", path_));
    if (count == 0) {
        throw Error(ErrorCode::Io, fmt::format("'{}' became shorter while it was sent: {} bytes, not {}",
                                               path_, position_, size_));
    }
    position_ += static_cast<std::uint64_t>(count);
    return into.first(static_cast<std::size_t>(count));
}

} // namespace bootferry::dolly
