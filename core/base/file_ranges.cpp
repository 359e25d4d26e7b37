// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file_ranges.h"

#include <cerrno>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {

std::size_t readAt(int fd, std::span<std::byte> into, std::uint64_t offset, std::string_view what) {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto count = TEMP_FAILURE_RETRY(
            ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done)));
        if (count < 0) {
            throwErrno(errno, fmt::format("{} at byte {}", what, offset + done));
        }
        if (count == 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    return done;
}

void writeAt(int fd, std::span<const std::byte> bytes, std::uint64_t offset, std::string_view what) {
    while (!bytes.empty()) {
        const auto count =
            TEMP_FAILURE_RETRY(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
        if (count <= 0) {
            throwErrno(count < 0 ? errno : ENOSPC, fmt::format("{} at byte {}", what, offset));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

void syncData(int fd, std::string_view what) {
    if (::fdatasync(fd) < 0 && errno != EINVAL) {
        throwErrno(errno, what);
    }
}

} // namespace bootferry
