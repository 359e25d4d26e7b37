// SPDX-License-Identifier: LGPL-2.1-or-later
// Plain loops over read(2) and write(2), since iostreams lose errno.
#include "files.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handles.h"

namespace bootferry {
namespace {

void writeAll(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const auto n =
            checkErrno(TEMP_FAILURE_RETRY(::write(fd, text.data(), text.size())), "writing '" + path + "'");
        text.remove_prefix(static_cast<std::size_t>(n));
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

std::optional<std::string> readSmallFile(const std::string& path, std::size_t cap) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        throwErrno(errno, "opening '" + path + "'");
    }
    std::string text;
    std::array<char, 16384> chunk{};
    for (;;) {
        const auto n = checkErrno(TEMP_FAILURE_RETRY(::read(fd.get(), chunk.data(), chunk.size())),
                                  "reading '" + path + "'");
        if (n == 0) {
            return text;
        }
        text.append(chunk.data(), static_cast<std::size_t>(n));
        if (text.size() > cap) {
            throw Error(ErrorCode::TooLarge,
                        "'" + path + "' is larger than " + std::to_string(cap) + " bytes");
        }
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
        writeAll(fd.get(), text, temporary);
    }
    checkErrno(::rename(temporary.c_str(), path.c_str()), "renaming '" + temporary + "'");
}

bool runningInInitrd() {
    return ::access("/etc/initrd-release", F_OK) == 0;
}

} // namespace bootferry
