// SPDX-License-Identifier: LGPL-2.1-or-later
// Plain loops over read(2) and write(2), since iostreams lose errno.
#include "files.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "handles.h"
#include "quantities.h"

namespace bootferry {
namespace {

bool isTerminalOfOurs(const struct stat& status) {
    struct stat input {};
    return ::isatty(STDIN_FILENO) == 1 && ::fstat(STDIN_FILENO, &input) == 0 &&
           status.st_rdev == input.st_rdev;
}

void refuseDevice(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0 || (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode))) {
        return;
    }
    const bool isHarmless =
        S_ISCHR(status.st_mode) && (status.st_rdev == makedev(1, 3) || isTerminalOfOurs(status)); // null
    if (!isHarmless) {
        throw Error(ErrorCode::TargetRefused, "'" + path + "' is a device, not a file");
    }
}

// A pipe without a name cannot be opened again: once it has no writer, it has ended.
bool isUnnamedPipe(int fd) {
    struct statfs system {};
    return ::fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC;
}

// A FIFO that is opened without blocking reads as empty until another process opens it for writing.
void awaitInput(int fd, const std::string& path, std::chrono::milliseconds patience) {
    pollfd input{.fd = fd, .events = POLLIN, .revents = 0};
    const auto ready = checkErrno(TEMP_FAILURE_RETRY(::poll(&input, 1, static_cast<int>(patience.count()))),
                                  "waiting for input");
    if (ready == 0) {
        throw Error(ErrorCode::Timeout,
                    "nothing was written to '" + path + "' for " + formatDuration(patience));
    }
}

} // namespace

ErrorCode fileErrorCode(int errnoValue) {
    switch (errnoValue) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
        return ErrorCode::NotFound;
    case EACCES:
    case EPERM:
        return ErrorCode::NotPermitted;
    case EISDIR:
    case ENOTBLK:
    case ELOOP:
    case EROFS:
    case EBUSY:
    case ETXTBSY:
        return ErrorCode::TargetRefused;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ErrorCode::TooLarge;
    case ENAMETOOLONG:
        return ErrorCode::Invalid;
    default:
        return ErrorCode::Io;
    }
}

std::optional<std::string> readSmallFile(const std::string& path, std::size_t cap,
                                         std::chrono::milliseconds patience) {
    refuseDevice(path);
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        throwErrno(errno, "opening '" + path + "'");
    }
    struct stat status {};
    checkErrno(::fstat(fd.get(), &status), "looking at '" + path + "'");
    std::string text;
    std::array<char, 16384> chunk{};
    const bool isFile = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    for (bool waits = !isFile && !isUnnamedPipe(fd.get());;) {
        if (waits) {
            awaitInput(fd.get(), path, patience);
        }
        const auto n = TEMP_FAILURE_RETRY(::read(fd.get(), chunk.data(), chunk.size()));
        if (n < 0 && errno == EAGAIN) {
            waits = true;
            continue;
        }
        checkErrno(n, "reading '" + path + "'");
        if (n == 0) {
            return text;
        }
        waits = false; // the end may have come already, and is not announced again
        text.append(chunk.data(), static_cast<std::size_t>(n));
        if (text.size() > cap) {
            throw Error(ErrorCode::TooLarge,
                        "'" + path + "' is larger than " + std::to_string(cap) + " bytes");
        }
    }
}

void writeAll(int fd, std::span<const std::byte> bytes, std::string_view what) {
    while (!bytes.empty()) {
        const auto n = checkErrno(TEMP_FAILURE_RETRY(::write(fd, bytes.data(), bytes.size())), what);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
}

void writeFileAtomically(const std::string& path, std::string_view text, mode_t mode) {
    const std::filesystem::path final(path);
    if (final.has_parent_path()) {
        std::filesystem::create_directories(final.parent_path());
    }
    const auto temporary = path + ".new";
    {
        const UniqueFd fd(
            checkErrno(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode),
                       "creating '" + temporary + "'"));
        checkErrno(::fchmod(fd.get(), mode), "setting the mode of '" + temporary + "'");
        writeAll(fd.get(), std::as_bytes(std::span(text)), "writing '" + temporary + "'");
    }
    checkErrno(::rename(temporary.c_str(), path.c_str()), "renaming '" + temporary + "'");
}

bool runningInInitrd() {
    return ::access("/etc/initrd-release", F_OK) == 0;
}

} // namespace bootferry
