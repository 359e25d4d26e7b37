// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file_room.h"

#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "errors.h"
#include "quantities.h"

namespace bootferry {

std::uint64_t roomOf(int fd) {
    struct statvfs status {};
    if (::fstatvfs(fd, &status) < 0 || status.f_blocks == 0) {
        return UINT64_MAX;
    }
    const auto blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
    return static_cast<std::uint64_t>(blocks) * status.f_frsize;
}

void requireRoom(int fd, const std::string& path, std::uint64_t size, std::uint64_t position,
                 std::uint64_t present) {
    const auto has = roomOf(fd);
    if (size > present && size - present > has) {
        throw Error(
            ErrorCode::TooLarge,
            fmt::format("there is no room for '{}': it has {}, its file system only {} ({} and {} bytes)",
                        path, formatSize(size), formatSize(has + present), size, has + present));
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (position > limit.rlim_cur || size > limit.rlim_cur - position)) {
        const auto [wanted, allowed] = formatSizes(position + size, limit.rlim_cur);
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' would have {}, and the limit for a file is {} (ulimit -f)", path,
                                wanted, allowed));
    }
}

} // namespace bootferry
