// SPDX-License-Identifier: LGPL-2.1-or-later
// A new file gets its name when its file system is complete and flushed: what has the name may hold changes.
// Its space is allocated, since a file system on a disk that fills up behind it loses data. No link is
// followed, which could lead to a file of the initrd, or to a disk.
#include "cow_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"
#include "log.h"
#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

class Place {
public:
    explicit Place(const CowFileRequest& request)
        : shown_(fmt::format("{}/{}", request.folder, request.name)), lookedAt_(request.lookedAt) {
        const UniqueFd top(checkErrno(::open(request.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC),
                                      fmt::format("opening '{}'", request.folder)));
        const auto slash = request.name.rfind('/');
        const auto parent = slash == std::string::npos ? std::string(".") : request.name.substr(0, slash);
        name_ = slash == std::string::npos ? request.name : request.name.substr(slash + 1);
        open_how how{};
        how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        folder_.reset(static_cast<int>(
            checkErrno(::syscall(SYS_openat2, top.get(), parent.c_str(), &how, sizeof how),
                       fmt::format("opening the folder of '{}', rd.live.cowfile.path=", shown_))));
    }

    [[nodiscard]] const std::string& shown() const { return shown_; }
    [[nodiscard]] const std::string& lookedAt() const { return lookedAt_; }

    // Invalid if there is no such file.
    [[nodiscard]] UniqueFd open(Use how) const {
        const int access = how == Use::Write ? O_RDWR : O_RDONLY;
        UniqueFd fd(::openat(folder_.get(), name_.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!fd && errno == ENOENT) {
            return fd;
        }
        if (!fd && errno == ELOOP) {
            throw Error(ErrorCode::Io, fmt::format("'{}' is a link, not a file", shown_));
        }
        checkErrno(fd.get(), fmt::format("opening '{}'", shown_));
        struct stat status {};
        checkErrno(::fstat(fd.get(), &status), fmt::format("looking at '{}'", shown_));
        if (!S_ISREG(status.st_mode)) {
            throw Error(ErrorCode::Io, fmt::format("'{}' is not a file", shown_));
        }
        return fd;
    }

    // Replaces one that was not finished.
    [[nodiscard]] UniqueFd create() const {
        (void)::unlinkat(folder_.get(), unfinished().c_str(), 0);
        return UniqueFd(checkErrno(::openat(folder_.get(), unfinished().c_str(),
                                            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
                                   fmt::format("creating '{}'", shown_)));
    }

    void enter() const {
        const auto what = fmt::format("naming '{}'", shown_);
        checkErrno(::renameat(folder_.get(), unfinished().c_str(), folder_.get(), name_.c_str()), what);
        checkErrno(::syncfs(folder_.get()), what);
    }

    void remove() const { (void)::unlinkat(folder_.get(), unfinished().c_str(), 0); }

private:
    // A name that is nobody else's, since a file that has it is removed.
    [[nodiscard]] std::string unfinished() const { return "." + name_ + ".bootferry-unfinished"; }

    std::string shown_;
    std::string lookedAt_;
    std::string name_;
    UniqueFd folder_;
};

OverlayPlace overlayPlace(const Place& place) {
    return {.name = place.shown(),
            .remake = "remove the file to have a new one",
            .ifForgotten = "the changes are lost: remove the file to have a new one",
            .isLabelled = false, // KIWI gives it no label
            .lookedAt = place.lookedAt()};
}

void allocate(const UniqueFd& file, std::uint64_t size, const std::string& shown) {
    const auto what = fmt::format("allocating {} for '{}'", formatSize(size), shown);
    if (::fallocate(file.get(), 0, 0, static_cast<off_t>(size)) == 0) {
        return;
    }
    if (errno != EOPNOTSUPP) {
        throwErrno(errno, what);
    }
    struct statvfs room {};
    checkErrno(::fstatvfs(file.get(), &room), what);
    if (std::uint64_t{room.f_bavail} * room.f_frsize < size) {
        throwErrno(ENOSPC, what);
    }
    checkErrno(::ftruncate(file.get(), static_cast<off_t>(size)), what);
}

CowFile use(const Place& place, const UniqueFd& file, const NewPartition& wanted, Use how) {
    const auto contents = probeContents(file.get(), place.shown());
    const bool isEncrypted = contents.type == "crypto_LUKS";
    if (!isEncrypted && !isWholeFilesystem(file, contents)) {
        throw Error(ErrorCode::Io,
                    fmt::format("'{}' does not hold the file system for changes: {}; {}", place.shown(),
                                whyNotMountable(contents), overlayPlace(place).remake));
    }
    if (!isEncrypted && wanted.encrypted) {
        throw Error(
            ErrorCode::Unsupported,
            fmt::format("'{}' keeps changes in the clear, and rd.live.encrypt is given: it is not used. "
                        "Remove rd.live.encrypt to use it, or the file to have an encrypted one",
                        place.shown()));
    }
    AttachedFile attached(how == Use::Write ? attachLoopDevice(file, place.shown())
                                            : attachForMount(file, place.shown()));
    const auto& node = attached.device().path;
    if (isEncrypted) {
        const auto access = how == Use::Write ? Access::ReadWrite : Access::ReadOnly;
        auto inside = openEncrypted(node, overlayPlace(place), access, how);
        return {std::move(attached), std::move(inside)};
    }
    if (how == Use::Write) {
        requireChanges(node, contents, overlayPlace(place));
        checkFilesystem(node, contents.type, overlayPlace(place));
    }
    WritePartition partition{.node = node, .partition = place.shown(), .filesystem = contents.type};
    return {std::move(attached), std::move(partition)};
}

void fill(const Place& place, const UniqueFd& file, const NewPartition& wanted,
          const std::optional<Secret>& passphrase) {
    const AttachedFile attached(attachLoopDevice(file, place.shown()));
    if (passphrase) { // which passes no discard on
        (void)makeEncrypted(attached.device().path, wanted.filesystem, *passphrase);
    } else {
        makeFilesystem(attached.device().path, wanted.filesystem, Backing::File);
    }
    checkErrno(::fsync(attached.device().fd.get()), fmt::format("writing to '{}'", place.shown()));
}

void make(const Place& place, const CowFileRequest& request) {
    const auto size = request.mib * mib;
    if (size < smallestFor(request.wanted)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("rd.live.cowfile.mbsize={} is too small: {}{} needs {} MiB", request.mib,
                                request.wanted.encrypted ? "encrypted " : "", request.wanted.filesystem,
                                smallestFor(request.wanted) / mib));
    }
    std::optional<Secret> passphrase;
    if (request.wanted.encrypted) {
        requireAbility(encrypting);
        const auto about = overlayPlace(place);
        passphrase.emplace(
            PassphraseSource(fmt::format("the changes to be kept in '{}'", place.shown()), about.ifForgotten)
                .choose());
    }
    const auto file = place.create();
    try {
        allocate(file, size, place.shown());
        fill(place, file, request.wanted, passphrase);
        checkErrno(::fsync(file.get()), fmt::format("writing to '{}'", place.shown()));
        place.enter();
    } catch (const Error&) {
        place.remove();
        throw;
    }
}

} // namespace

// The descriptor is empty in an object that was moved from.
AttachedFile::~AttachedFile() {
    if (!loop_.fd) {
        return;
    }
    try {
        detachLoopDevice(loop_);
    } catch (const Error& error) {
        logWarning(fmt::format("{}, ignoring", error.what()));
    }
}

CowFile prepareCowFile(const CowFileRequest& request) {
    const Place place(request);
    auto file = place.open(Use::Write);
    const bool isMade = !file;
    if (isMade) {
        make(place, request);
        file = place.open(Use::Write);
    }
    auto found = use(place, file, request.wanted, Use::Write);
    found.partition.made = isMade;
    return found;
}

std::optional<CowFile> findCowFile(const CowFileRequest& request) {
    const Place place(request);
    const auto file = place.open(Use::Show);
    return file ? std::optional(use(place, file, request.wanted, Use::Show)) : std::nullopt;
}

} // namespace bootferry
