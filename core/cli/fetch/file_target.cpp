// SPDX-License-Identifier: LGPL-2.1-or-later
// linkat(2) gives the name and fails if the name is taken. Only replacing a file that was there at the
// beginning needs a temporary name and rename(2). Another user who may write to the folder could replace the
// file under the temporary name: it is checked before the rename, and the result after it.
#include "file_target.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "descriptors.h"
#include "fetch_names.h"
#include "file_rights.h"
#include "file_room.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr unsigned attempts = 100; // to find a free random name

// What is not verified, or replaces a secret file, is not for others to read; a part that others may write to
// could have any bytes.
constexpr mode_t unfinishedMode = 0600;

// False without /proc: linkat(2) could not name the file at the end.
bool canBeNamed(int fd) {
    struct stat named {};
    struct stat open {};
    return ::stat(descriptorPath(fd).c_str(), &named) == 0 && ::fstat(fd, &open) == 0 &&
           isSameFile(named, open);
}

// A new mode, owner or link changes only the time of the status. So does another program that writes and then
// restores the time of its bytes; if nothing else explains that time, the file counts as written.
bool isWritten(const struct stat& before, const struct stat& now) {
    const auto isSameTime = [](const timespec& one, const timespec& other) {
        return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
    };
    const bool isSameStatus = before.st_mode == now.st_mode && before.st_uid == now.st_uid &&
                              before.st_gid == now.st_gid && before.st_nlink == now.st_nlink;
    return before.st_size != now.st_size || !isSameTime(before.st_mtim, now.st_mtim) ||
           (isSameStatus && !isSameTime(before.st_ctim, now.st_ctim));
}

FileLocation checked(FileLocation location) {
    requireWritable(location);
    requireNotOfAnotherFetch(location);
    return location;
}

} // namespace

FileTarget::FileTarget(FileLocation location)
    : location_(checked(std::move(location))), record_(location_),
      partName_(nameBeside(location_.folder.get(), location_.name, partSuffix)) {}

FileTarget::~FileTarget() {
    const int folder = location_.folder.get();
    const bool isLeft = leavesPart_ && ::faccessat(folder, partName_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (part_ || isLeft) { // the record is as it was; without it, nothing would say what that part is
        record_.keep();
    }
    if (!temporary_.empty() && isFileAt(folder, temporary_, fd_.get())) {
        (void)::unlinkat(folder, temporary_.c_str(), 0);
    }
    if (earlier_ && isFileAt(folder, partName_, earlier_.get())) {
        (void)::unlinkat(folder, partName_.c_str(), 0);
    }
}

void FileTarget::requireRoom(std::uint64_t size) const {
    const auto present = part_ ? identityOf(part_.get()).length : 0; // the new bytes replace the part
    bootferry::requireRoom(location_.folder.get(), location_.path, size, 0, present);
}

PreparedTarget FileTarget::open(std::optional<std::uint64_t> size) {
    const bool wasComplete = std::exchange(isComplete_, false);
    startsOver_ = false;
    if (fd_) {
        setPartAside(size, wasComplete);
    }
    if (size) { // refuse before the part is touched
        requireRoom(*size);
    }
    mode_ = modeOfNewFile();
    takePart();
    if (!fd_) {
        openUnnamed();
    }
    if (!fd_) {
        fd_ = createNamed(temporary_, unfinishedMode);
        watch_.emplace(fd_.get());
    }
    PreparedTarget target;
    target.fd.reset(checkErrno(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0), what("opening")));
    target.path = location_.path;
    target.capacity = unknownSize;
    return target;
}

// The umask decides, or the folder's default ACL, or the file system.
mode_t FileTarget::modeOfNewFile() const {
    constexpr mode_t usual = 0666;
    const int folder = location_.folder.get();
    UniqueFd file(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, usual));
    if (!file) {
        std::string name;
        file = createNamed(name, usual);
        if (isFileAt(folder, name, file.get())) {
            (void)::unlinkat(folder, name.c_str(), 0);
        }
    }
    struct stat status {};
    checkErrno(::fstat(file.get(), &status), what("looking at a file beside"));
    return status.st_mode & 0777U;
}

void FileTarget::openUnnamed() {
    fd_.reset(::openat(location_.folder.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, unfinishedMode));
    if (fd_ && !canBeNamed(fd_.get())) {
        fd_.reset();
    }
}

UniqueFd FileTarget::createNamed(std::string& name, mode_t mode) const {
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
        auto random = randomTemporaryName();
        UniqueFd file(::openat(location_.folder.get(), random.c_str(),
                               O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (file) {
            name = std::move(random);
            return file;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    throwErrno(errno, what("creating a file beside"));
}

// A file system that cannot change the mode gives all files the same one.
void FileTarget::setUsualMode() const {
    struct stat status {};
    checkErrno(::fstat(fd_.get(), &status), what("looking at"));
    if ((status.st_mode & 0777U) != mode_) {
        (void)::fchmod(fd_.get(), mode_);
    }
}

std::string FileTarget::publish(std::optional<std::int64_t> modified) {
    refuseForeignBytes();
    if (modified) { // not all file systems support this: ignore errors
        const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = *modified, .tv_nsec = 0}};
        (void)::futimens(fd_.get(), times);
    }
    checkErrno(::fsync(fd_.get()), what("syncing"));
    // Before the rights are given: a refused file that has them could not be continued.
    (void)isThereStill();
    std::string lost;
    if (location_.present) {
        lost = keepRights();
    } else {
        setUsualMode();
    }
    checkErrno(::fsync(fd_.get()), what("syncing"));
    const bool replaces = isThereStill();
    if (replaces) {
        requireNotOfAnotherFetch(location_); // an empty file may have become a record meanwhile
    }
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
    return lost;
}

std::string FileTarget::keepRights() const {
    const auto kept = giveRightsOf(location_.present.get(), fd_.get());
    if (!kept.accessList) {
        return fmt::format("the access control list of '{}' could not be kept: check its permissions",
                           location_.path);
    }
    if (!kept.owner) {
        return fmt::format("'{}' is yours now: its owner could not be kept", location_.path);
    }
    return kept.group ? std::string()
                      : fmt::format("the group of '{}' could not be kept: yours may do what everybody may",
                                    location_.path);
}

// False: the name is free. Throws if it refers to another file than at the beginning, or to other bytes.
bool FileTarget::isThereStill() const {
    const auto& [folder, name, path, folderPath, present, status, isProcLink] = location_;
    struct stat now {};
    if (present && isFileAt(folder.get(), name, present.get())) {
        checkErrno(::fstat(present.get(), &now), what("looking at"));
        if (isWritten(status, now)) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("somebody else has changed '{}' meanwhile: it was left alone", path));
        }
        return true;
    }
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

// False: the name is taken.
bool FileTarget::linkAs(const std::string& name) const {
    if (::linkat(AT_FDCWD, descriptorPath(fd_.get()).c_str(), location_.folder.get(), name.c_str(),
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
        if (auto name = randomTemporaryName(); linkAs(name)) {
            temporary_ = std::move(name);
        }
    }
}

int FileTarget::renameTemporary(const std::string& name, const std::function<bool()>& isFree) const {
    const int folder = location_.folder.get();
    const int result = ::renameat2(folder, temporary_.c_str(), folder, name.c_str(), RENAME_NOREPLACE);
    if (result < 0 && errno == EINVAL && isFree()) {
        return ::renameat(folder, temporary_.c_str(), folder, name.c_str());
    }
    return result;
}

void FileTarget::rename(bool replaces) {
    const int folder = location_.folder.get();
    if (!isFileAt(folder, temporary_, fd_.get())) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("somebody else has removed, renamed or replaced '{}{}', which was to become "
                                "'{}': fetch it again",
                                location_.folderPath, temporary_, location_.path));
    }
    const int result = replaces ? ::renameat(folder, temporary_.c_str(), folder, location_.name.c_str())
                                : renameTemporary(location_.name, [this] { return !isThereStill(); });
    if (result < 0 && errno == EEXIST) {
        refuseChanged();
    }
    checkErrno(result, what("giving the name to"));
    temporary_.clear();
}

// A folder without read permission cannot be opened for fsync(2); then the whole file system is synced.
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
