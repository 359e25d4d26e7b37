// SPDX-License-Identifier: LGPL-2.1-or-later
// Links are followed one at a time, since the kernel does not resolve a dangling link. Two guarantees of the
// kernel are kept: more than 40 links are a loop, and in a sticky, world-writable folder such as /tmp a link
// is followed only if it belongs to this user or the folder's owner (proc(5), protected_symlinks). Owner and
// text are read from the same open link. For FIFOs the kernel has the same rule (protected_fifos), but
// applies it only to open(2) with O_CREAT; here it is applied as well, since a file is expected to be
// created.
#include "file_location.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>

#include <fcntl.h>
#include <linux/magic.h>
#include <spdlog/fmt/fmt.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "descriptors.h"
#include "files.h"

namespace bootferry {
namespace {

constexpr unsigned mostLinks = 40;

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hashOf(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
    }
    return hash;
}

// Sets folder and name to those of a path relative to `base`.
void enter(FileLocation& location, int base, const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    UniqueFd opened(::openat(base, folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened) {
        refuseTarget(fmt::format("the folder '{}'", folder), errno);
    }
    location.folder = std::move(opened);
    location.name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    location.present.reset();
    if (location.name.empty()) {
        return;
    }
    location.present.reset(
        ::openat(location.folder.get(), location.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (location.present) {
        checkErrno(::fstat(location.present.get(), &location.status), fmt::format("looking at '{}'", path));
    } else if (errno != ENOENT) {
        refuseTarget(fmt::format("'{}'", path), errno);
    }
}

bool isInProc(const FileLocation& location) {
    struct statfs status {};
    return ::fstatfs(location.folder.get(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

// Whoever may create files in a sticky folder may have created this one. `others`: who may do that.
bool isPlanted(const FileLocation& location, mode_t others) {
    struct stat folder {};
    checkErrno(::fstat(location.folder.get(), &folder), fmt::format("looking at '{}'", location.path));
    const auto owner = location.status.st_uid;
    return (folder.st_mode & S_ISVTX) != 0 && (folder.st_mode & others) != 0 && owner != ::geteuid() &&
           owner != folder.st_uid;
}

void requireTrusted(const FileLocation& location) {
    if (isPlanted(location, S_IWOTH)) {
        refuseTarget(fmt::format("'{}' is a link of another user, in a sticky folder", location.path),
                     EACCES);
    }
}

std::string textOf(const FileLocation& location) {
    std::array<char, PATH_MAX> text{};
    const auto length = checkErrno(::readlinkat(location.present.get(), "", text.data(), text.size()),
                                   fmt::format("reading the link '{}'", location.path));
    return {text.data(), static_cast<std::size_t>(length)};
}

// Of an open folder, with a slash; `other` without /proc.
std::string pathOf(const UniqueFd& folder, const std::string& other) {
    std::array<char, PATH_MAX> text{};
    const auto length = ::readlink(descriptorPath(folder.get()).c_str(), text.data(), text.size());
    const auto path = std::string(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return path.empty() ? other : path == "/" ? path : path + "/";
}

// Checks attributes that apply to root, too, and would fail only at the end, when the file gets its name.
void requireChangeable(const FileLocation& location, const UniqueFd& what, const char* whose) {
    struct statx status {};
    if (::statx(what.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) < 0) {
        return;
    }
    for (const auto& [attribute, name] :
         {std::pair{STATX_ATTR_IMMUTABLE, "immutable"}, {STATX_ATTR_APPEND, "append-only"}}) {
        if ((status.stx_attributes & static_cast<std::uint64_t>(attribute)) != 0) {
            refuseTarget(fmt::format("{}'{}' is {} (chattr(1))", whose, location.path, name));
        }
    }
    if (&what == &location.present &&
        (status.stx_attributes & static_cast<std::uint64_t>(STATX_ATTR_MOUNT_ROOT)) != 0) {
        refuseTarget(fmt::format("'{}' is a mount point, which cannot be replaced", location.path));
    }
}

void requireReplaceable(const FileLocation& location) {
    const auto& [folder, name, path, folderPath, present, status, isProcLink] = location;
    if (S_ISDIR(status.st_mode)) {
        refuseTarget(fmt::format("'{}' is a folder", path));
    }
    if (!S_ISREG(status.st_mode)) {
        refuseTarget(fmt::format("'{}' is neither a regular file nor a block device", path));
    }
    requireChangeable(location, present, "");
    if (::faccessat(folder.get(), name.c_str(), W_OK, AT_EACCESS) < 0) {
        refuseTarget(fmt::format("'{}' is write-protected", path), errno);
    }
    struct stat around {};
    checkErrno(::fstat(folder.get(), &around), fmt::format("looking at '{}'", path));
    const auto we = ::geteuid();
    if ((around.st_mode & S_ISVTX) == 0 || we == status.st_uid) {
        return;
    }
    // Root may replace it. But the image would get the owner of the file, who may have planted it, and could
    // change what was verified: fs.protected_regular (proc_sys_fs(5)) refuses to write into such a file.
    const bool isPlanted = status.st_uid != around.st_uid && (around.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (we == 0 ? isPlanted : we != around.st_uid) {
        refuseTarget(fmt::format("'{}' belongs to another user, in a sticky folder", path), EPERM);
    }
}

// The device is missing or its name mistyped: a file in /dev would take memory and the device's name. /dev/fd
// is a link into /proc, where no files are created.
void requireFolderForFiles(const FileLocation& location) {
    if (isInProc(location)) {
        const auto folder = pathOf(location.folder, "");
        refuseTarget(folder.ends_with("/fd/")
                         ? fmt::format("'{}' is not an open descriptor", location.path)
                         : fmt::format("there is no '{}', and files are not created in /proc", location.path),
                     ENOENT);
    }
    struct stat folder {};
    struct stat devices {};
    struct stat root {};
    if (::fstat(location.folder.get(), &folder) == 0 && ::stat("/dev", &devices) == 0 &&
        ::stat("/", &root) == 0 && folder.st_dev == devices.st_dev && folder.st_dev != root.st_dev) {
        refuseTarget(fmt::format("there is no device '{}', and files are not created in /dev", location.path),
                     ENOENT);
    }
}

} // namespace

void refuseTarget(const std::string& what, int error) {
    throw Error(error != 0 ? fileErrorCode(error) : ErrorCode::TargetRefused, error, what);
}

FileLocation locateFile(const std::string& path) {
    FileLocation location;
    location.path = path;
    location.folderPath = path.substr(0, path.rfind('/') + 1);
    enter(location, AT_FDCWD, path);
    for (unsigned links = 0; location.present && S_ISLNK(location.status.st_mode); ++links) {
        if (isInProc(location)) {
            location.isProcLink = true;
            break;
        }
        requireTrusted(location);
        if (links == mostLinks) {
            refuseTarget(fmt::format("'{}'", path), ELOOP);
        }
        const auto text = textOf(location);
        const auto base = std::move(location.folder);
        enter(location, base.get(), text);
        location.folderPath = pathOf(location.folder, location.folderPath);
    }
    return location;
}

bool isBlockDevice(const FileLocation& location) {
    struct stat status = location.status;
    if (!location.present ||
        (location.isProcLink && ::fstatat(location.folder.get(), location.name.c_str(), &status, 0) < 0)) {
        return false;
    }
    return S_ISBLK(status.st_mode);
}

void requireWritable(const FileLocation& location) {
    if (location.name.empty()) {
        refuseTarget(fmt::format("'{}' is a folder", location.path));
    }
    if (location.present) {
        requireReplaceable(location);
    } else {
        requireFolderForFiles(location);
    }
    if (::faccessat(location.folder.get(), ".", W_OK | X_OK, AT_EACCESS) < 0) {
        refuseTarget(fmt::format("cannot create a file in the folder of '{}'", location.path), errno);
    }
    requireChangeable(location, location.folder, "the folder of ");
}

void requireTrustedFifo(const FileLocation& location) {
    if (isPlanted(location, S_IWGRP | S_IWOTH)) {
        refuseTarget(fmt::format("'{}' is a FIFO of another user, in a sticky folder", location.path),
                     EACCES);
    }
}

bool isFileAt(int folder, const std::string& name, int fd) {
    struct stat named {};
    struct stat open {};
    return ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &open) == 0 &&
           isSameFile(named, open);
}

std::string nameBeside(int folder, const std::string& name, std::string_view suffix) {
    const auto limit = ::fpathconf(folder, _PC_NAME_MAX);
    const auto longest = limit > 0 ? static_cast<std::size_t>(limit) : NAME_MAX;
    if (name.size() + suffix.size() <= longest) {
        return name + std::string(suffix);
    }
    const auto hash = fmt::format("-{:016x}", hashOf(name));
    return name.substr(0, longest - hash.size() - suffix.size()) + hash + std::string(suffix);
}

} // namespace bootferry
