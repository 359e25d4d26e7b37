// SPDX-License-Identifier: LGPL-2.1-or-later
// A name is given with linkat(2), which fails where the name is taken; only to replace a file that was there
// at the beginning is a second name needed, and rename(2). Whoever may write in the folder could put
// something else under that second name: it is looked at before the rename, and the result after it.
#include "file_target.h"

#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "quantities.h"

namespace bootferry {
namespace {

constexpr unsigned attempts = 100; // at a random name

std::string randomName() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) {
        throwErrno(errno, "making a temporary name");
    }
    return fmt::format(".bootferry-{:016x}", number);
}

std::string linkOf(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

// Without /proc, what has no name could not be given one at the end.
bool canBeNamed(int fd) {
    struct stat named {};
    struct stat open {};
    return ::stat(linkOf(fd).c_str(), &named) == 0 && ::fstat(fd, &open) == 0 && isSameFile(named, open);
}

FileLocation checked(FileLocation location) {
    requireWritable(location);
    return location;
}

} // namespace

FileTarget::FileTarget(FileLocation location)
    : location_(checked(std::move(location))),
      record_(location_.folder.get(), location_.name, location_.path) {}

FileTarget::~FileTarget() {
    if (!temporary_.empty() && isFileAt(location_.folder.get(), temporary_, fd_.get())) {
        (void)::unlinkat(location_.folder.get(), temporary_.c_str(), 0);
    }
}

PreparedTarget FileTarget::open(std::optional<std::uint64_t> size) {
    const mode_t mode =
        location_.present ? 0600 : 0666; // a secret's replacement is none before it has its mode
    openUnnamed(mode);
    if (!fd_) {
        openNamed(mode);
    }
    if (size) {
        requireRoom(*size);
    }
    PreparedTarget target;
    target.fd.reset(checkErrno(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0), what("opening")));
    target.path = location_.path;
    target.capacity = unknownSize;
    return target;
}

void FileTarget::requireRoom(std::uint64_t size) const {
    struct statvfs status {};
    if (::fstatvfs(fd_.get(), &status) < 0 || status.f_blocks == 0) {
        return; // a file system that does not count
    }
    const auto blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
    const auto room = static_cast<std::uint64_t>(blocks) * status.f_frsize;
    if (size > room) {
        throw Error(
            ErrorCode::TooLarge,
            fmt::format("there is no room for '{}': it has {}, its file system only {} ({} and {} bytes)",
                        location_.path, formatSize(size), formatSize(room), size, room));
    }
}

void FileTarget::openUnnamed(mode_t mode) {
    fd_.reset(::openat(location_.folder.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
    if (fd_ && !canBeNamed(fd_.get())) {
        fd_.reset();
    }
}

void FileTarget::openNamed(mode_t mode) {
    for (unsigned attempt = 0; attempt < attempts && !fd_; ++attempt) {
        temporary_ = randomName();
        fd_.reset(::openat(location_.folder.get(), temporary_.c_str(),
                           O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (!fd_ && errno != EEXIST) {
            break;
        }
    }
    if (!fd_) {
        const int error = errno;
        temporary_.clear();
        throwErrno(error, what("creating a file beside"));
    }
}

bool FileTarget::publish() {
    const bool kept = !location_.present || keepOwnerAndMode();
    checkErrno(::fsync(fd_.get()), what("syncing"));
    const bool replaces = isThereStill();
    if (replaces || !temporary_.empty()) {
        linkTemporary();
        rename(replaces);
    } else if (!linkAs(location_.name)) {
        refuseChanged();
    }
    if (!isFileAt(location_.folder.get(), location_.name, fd_.get())) {
        refuseChanged();
    }
    syncFolder();
    return kept;
}

// Not the bits that would have a program run as its owner: writing to such a file takes them away as well.
bool FileTarget::keepOwnerAndMode() const {
    struct stat before {};
    struct stat now {};
    checkErrno(::fstat(location_.present.get(), &before), what("looking at"));
    checkErrno(::fstat(fd_.get(), &now), what("looking at"));
    bool kept = before.st_uid == now.st_uid && before.st_gid == now.st_gid;
    if (!kept) {
        kept = ::fchown(fd_.get(), before.st_uid, before.st_gid) == 0;
    }
    if (!kept) {
        (void)!::fchown(fd_.get(), static_cast<uid_t>(-1), before.st_gid);
    }
    checkErrno(::fchmod(fd_.get(), before.st_mode & 0777U), what("setting the mode of"));
    return kept;
}

// False: the name is free. Throws where it means something else than at the beginning.
bool FileTarget::isThereStill() const {
    const auto& [folder, name, path, present, status, isProcLink] = location_;
    if (present && isFileAt(folder.get(), name, present.get())) {
        return true;
    }
    struct stat now {};
    if (::fstatat(folder.get(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0) {
        refuseChanged();
    }
    return false;
}

void FileTarget::refuseChanged() const {
    throw Error(ErrorCode::TargetRefused,
                fmt::format("somebody else has created or replaced '{}' meanwhile: it was left alone",
                            location_.path));
}

// False: something has that name.
bool FileTarget::linkAs(const std::string& name) const {
    if (::linkat(AT_FDCWD, linkOf(fd_.get()).c_str(), location_.folder.get(), name.c_str(),
                 AT_SYMLINK_FOLLOW) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        throwErrno(errno, what("giving the name to"));
    }
    return false;
}

void FileTarget::linkTemporary() {
    for (unsigned attempt = 0; attempt < attempts && temporary_.empty(); ++attempt) {
        if (auto name = randomName(); linkAs(name)) {
            temporary_ = std::move(name);
        }
    }
}

void FileTarget::rename(bool replaces) {
    const int folder = location_.folder.get();
    if (!isFileAt(folder, temporary_, fd_.get())) {
        refuseChanged();
    }
    int result = ::renameat2(folder, temporary_.c_str(), folder, location_.name.c_str(),
                             replaces ? 0 : RENAME_NOREPLACE);
    if (result < 0 && errno == EINVAL && !isThereStill()) { // a file system without RENAME_NOREPLACE
        result = ::renameat(folder, temporary_.c_str(), folder, location_.name.c_str());
    }
    if (result < 0 && errno == EEXIST) {
        refuseChanged();
    }
    checkErrno(result, what("giving the name to"));
    temporary_.clear();
}

// A folder that may be written but not read cannot be opened for this.
void FileTarget::syncFolder() const {
    const UniqueFd folder(::openat(location_.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const int result = folder ? ::fsync(folder.get()) : ::syncfs(fd_.get());
    if (result < 0 && errno != EINVAL) {
        throwErrno(errno, what("syncing the folder of"));
    }
}

std::string FileTarget::what(const char* doing) const {
    return fmt::format("{} '{}'", doing, location_.path);
}

} // namespace bootferry
