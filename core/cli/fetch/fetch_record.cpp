// SPDX-License-Identifier: LGPL-2.1-or-later
// The record is opened by its name, without following a link, and then used through its descriptor: after
// locking, a process checks that the name still refers to the locked file. Without flock(2) on the file
// system, or if the record belongs to another user, a second fetch is not refused, but no bytes are lost:
// each process writes to a file of its own.
#include "fetch_record.h"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch_names.h"
#include "file_location.h"
#include "file_ranges.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr unsigned attempts = 100; // other processes may create and remove the name meanwhile

constexpr mode_t recordMode = 0600;

// A fetch that is killed before it has written anything leaves an empty file.
bool isOurs(const struct stat& status, const std::string& text) {
    return text.empty() ? (status.st_mode & 0777U) == recordMode
                        : text.starts_with(std::string(recordFirstLine) + "\n");
}

// " (pid 1234)"; empty while the record is being written.
std::string holderOf(const std::string& text) {
    for (const auto line : linesOf(text)) {
        const auto words = wordsOf(line);
        if (words.size() == 2 && words[0] == "pid") {
            return fmt::format(" (pid {})", words[1]);
        }
    }
    return {};
}

// A record without a part has two lines.
bool describesPart(const std::string& text) {
    const auto lines = linesOf(text);
    return std::distance(lines.begin(), lines.end()) > 2;
}

} // namespace

FetchRecord::FetchRecord(const FileLocation& location)
    : folder_(location.folder.get()), name_(nameBeside(folder_, location.name, recordSuffix)),
      path_(location.path), folderPath_(location.folderPath) {
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
        if (create() || takeOver()) {
            if (!fd_) {
                return;
            }
            const auto text = readRecord(fd_.get());
            partial_ = partialFromText(text);
            damaged_ = !partial_ && describesPart(text);
            writeFirst(text.empty());
            return;
        }
    }
    refuse();
}

// If there is no room for it, an empty one is not left.
void FetchRecord::writeFirst(bool isNew) const {
    try {
        write();
    } catch (const Error&) {
        if (isNew && isInPlace()) {
            (void)::unlinkat(folder_, name_.c_str(), 0);
        }
        throw;
    }
}

FetchRecord::~FetchRecord() {
    if (fd_ && !kept_ && isInPlace()) {
        (void)::unlinkat(folder_, name_.c_str(), 0);
    }
}

void FetchRecord::setPartial(std::optional<PartialState> partial) {
    if (!fd_) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' beside '{}' belongs to another user", name_, path_));
    }
    partial_ = std::move(partial);
    write();
    checkErrno(::fsync(fd_.get()), fmt::format("writing '{}' beside '{}'", name_, path_));
}

bool FetchRecord::create() {
    fd_.reset(
        ::openat(folder_, name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, recordMode));
    if (!fd_ && errno != EEXIST) {
        throw Error(fileErrorCode(errno), errno, fmt::format("creating '{}' beside '{}'", name_, path_));
    }
    return fd_ && lock() && isInPlace();
}

// Whoever may write to the folder can create the name, in /tmp for example. That must not keep this user from
// the file, so the fetch continues without a record.
bool FetchRecord::isOfAnotherUser() const {
    struct stat status {};
    return ::fstatat(folder_, name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_uid != ::geteuid();
}

bool FetchRecord::takeOver() {
    if (isOfAnotherUser()) {
        return true;
    }
    fd_.reset(::openat(folder_, name_.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd_) {
        if (errno == ENOENT) {
            return false; // its owner has removed it
        }
        throw Error(ErrorCode::TargetRefused, errno,
                    fmt::format("opening '{}', the record of fetches to '{}'", recordPath(), path_));
    }
    struct stat status {};
    checkErrno(::fstat(fd_.get(), &status), fmt::format("looking at '{}'", name_));
    const auto isForeign = [&] { // called only for a regular file
        const auto text = readRecord(fd_.get());
        // On a file system that gives all files the same mode, only the lock shows to whom an empty file
        // belongs.
        return !isOurs(status, text) && (!text.empty() || lock());
    };
    if (!S_ISREG(status.st_mode) || status.st_nlink > 1 || isForeign()) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is not a record of bootferryctl; remove it to fetch to '{}'",
                                recordPath(), path_));
    }
    if (!lock()) {
        refuse();
    }
    return isInPlace();
}

std::string FetchRecord::recordPath() const {
    return folderPath_ + name_;
}

// False: another process holds the lock.
bool FetchRecord::lock() const {
    return ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool FetchRecord::isInPlace() const {
    return fd_ && isFileAt(folder_, name_, fd_.get());
}

void FetchRecord::refuse() const {
    throw Error(ErrorCode::TargetRefused, fmt::format("another bootferryctl is fetching to '{}'{}", path_,
                                                      fd_ ? holderOf(readRecord(fd_.get())) : ""));
}

void FetchRecord::write() const {
    const auto text =
        fmt::format("{}\npid {}\n{}", recordFirstLine, ::getpid(), partial_ ? toText(*partial_) : "");
    const auto what = fmt::format("writing '{}' beside '{}'", name_, path_);
    writeAt(fd_.get(), std::as_bytes(std::span(text)), 0, what);
    checkErrno(::ftruncate(fd_.get(), static_cast<off_t>(text.size())), what);
}

} // namespace bootferry
