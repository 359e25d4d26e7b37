// SPDX-License-Identifier: LGPL-2.1-or-later
// FILE.part: what a fetch that did not end well leaves for the next one. What it held before this fetch is
// never changed: new bytes go behind it, or, if the source starts over, into another file. So however this
// process ends, the record and the bytes that it describes still fit.
#include "file_target.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <unistd.h>

#include "fetch_names.h"
#include "file_room.h"

namespace bootferry {
namespace {

constexpr std::uint64_t fewBytes = FileTarget::leastPart;

std::string checksumText(const TransferRequest& request) {
    return request.checksumUrl ? request.checksumUrl->redacted() : request.checksum.value_or("");
}

// A part of such a mode is not continued.
bool othersMayWrite(const struct stat& status) {
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

bool isWritten(std::optional<WriteWatch>& watch, UniqueFd& file) noexcept {
    try {
        return file && watch && watch->findsWriter(file);
    } catch (const Error&) { // nobody knows, so it may have been
        return true;
    }
}

} // namespace

FoundPart FileTarget::findPart(const TransferRequest& request) {
    checksum_ = checksumText(request);
    UniqueFd part(::openat(location_.folder.get(), partName_.c_str(),
                           O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!part && errno == ENOENT) {
        return {};
    }
    const auto remark = [&](const std::string& why, const char* then) {
        const bool isAsked = request.continues.value_or(true);
        return isAsked ? fmt::format("'{}' is not continued, but {}: {}", partPath(), then, why) : "";
    };
    if (const auto why = whyNotOurs(part.get()); !why.empty()) {
        leavesPart_ = record_.partial().has_value();
        return {.continuation = {}, .whyNot = remark(why, "left as it is")};
    }
    part_ = std::move(part);
    lockPart();
    watch_.emplace(part_.get());
    if (watch_->findsWriter(part_)) {
        part_.reset();
        watch_.reset();
        leavesPart_ = true;
        return {.continuation = {}, .whyNot = remark("another program writes to it", "left as it is")};
    }
    lockPart(); // findsWriter() has opened it again
    if (const auto why = whyNotUsable(request); !why.empty()) {
        return {.continuation = {}, .whyNot = remark(why, "removed when the new bytes come")};
    }
    // The last byte is requested again: an empty request could not show whether the version is still the
    // same.
    const auto& left = *record_.partial();
    continuesAt_ = std::min(left.file.length, left.size.value_or(UINT64_MAX) - 1);
    return {.continuation = Continuation{.offset = continuesAt_,
                                         .size = left.size,
                                         .validator = left.validator,
                                         .isWhole = isWhole(left) && !isOfSameChecksum(left)},
            .whyNot = {}};
}

// A part that belongs to another user, or that another user may write to, can have any bytes, even after the
// checksum was verified.
std::string FileTarget::whyNotOurs(int part) const {
    struct stat status {};
    if (part < 0 ? ::fstatat(location_.folder.get(), partName_.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0
                 : ::fstat(part, &status) < 0) {
        return "it cannot be examined";
    }
    if (!S_ISREG(status.st_mode)) {
        return "it is not a regular file";
    }
    if (status.st_uid != ::geteuid()) {
        return "it belongs to another user";
    }
    if (part < 0) {
        return "it cannot be opened";
    }
    if (record_.isOfAnotherUser()) {
        return fmt::format("'{}' belongs to another user", record_.recordPath());
    }
    if (!record_.partial()) {
        return record_.isDamaged() ? fmt::format("its record '{}' is damaged", record_.recordPath())
                                   : "no fetch has recorded it";
    }
    if (status.st_nlink != 1) {
        return "it has a second hard link";
    }
    if (othersMayWrite(status)) {
        return "others may write to it";
    }
    if (!isFileOf(*record_.partial(), identityOf(part))) {
        return "another program has changed or replaced it";
    }
    return {};
}

// All of its bytes were received by one fetch, and rejected by the recorded checksum.
bool FileTarget::isWhole(const PartialState& left) {
    return left.isWhole && left.file.length == left.size;
}

// If the same checksum is given again it is no typing error, so the bytes are wrong.
bool FileTarget::isOfSameChecksum(const PartialState& left) const {
    return !left.checksum.empty() && left.checksum == checksum_;
}

// Empty if it can be continued.
std::string FileTarget::whyNotUsable(const TransferRequest& request) const {
    const auto& left = *record_.partial();
    if (!request.continues.value_or(true)) {
        return "--no-continue is given";
    }
    if (request.decode) {
        return "decoded data cannot be resumed";
    }
    if (left.url != request.url.redacted()) {
        return "it is from another URL";
    }
    if (!left.checksum.empty() && checksum_.empty()) { // with a checksum, mirrors may have sent other bytes
        return "it was received with a --checksum";
    }
    if (isWhole(left) && isOfSameChecksum(left) && !request.checksumUrl) { // the list may have changed
        return "it does not have this checksum";
    }
    if (left.validator.empty()) {
        return "its version is not known";
    }
    if (std::min(left.file.length, left.size.value_or(UINT64_MAX) - 1) < fewBytes) {
        return "it is too short";
    }
    return {};
}

// Bytes that another program writes to the file meanwhile would become part of the download.
bool FileTarget::hasForeignBytes() noexcept {
    return !temporary_.empty() && isWritten(watch_, fd_);
}

void FileTarget::refuseForeignBytes() {
    if (!hasForeignBytes()) {
        return;
    }
    const auto name = std::exchange(temporary_, {});
    if (isFileAt(location_.folder.get(), name, fd_.get())) {
        (void)::unlinkat(location_.folder.get(), name.c_str(), 0);
    }
    fd_.reset();
    throw Error(ErrorCode::TargetRefused,
                fmt::format("another program has written to '{}{}' meanwhile, or still has it open for "
                            "writing; it is removed: end that program, and fetch again",
                            location_.folderPath, name));
}

// The worker writes through a duplicate of the descriptor, which holds the lock as well: the worker of a
// process that was killed may need a moment to end. A file system without flock(2) is no error.
void FileTarget::lockPart() const {
    constexpr std::chrono::milliseconds pace{50};
    constexpr unsigned patience = 100; // 5 s
    for (unsigned attempt = 0; ::flock(part_.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
         ++attempt) {
        if (attempt == patience) {
            throw Error(ErrorCode::TargetRefused, fmt::format("a process still writes to '{}'", partPath()));
        }
        std::this_thread::sleep_for(pace);
    }
}

void FileTarget::takePart() {
    if (!part_) {
        return;
    }
    if (continuesAt_ == 0) {
        if (isFileAt(location_.folder.get(), partName_, part_.get())) {
            checkErrno(::unlinkat(location_.folder.get(), partName_.c_str(), 0),
                       what("removing the part of"));
        }
        part_.reset();
        watch_.reset();
        record_.setPartial(std::nullopt);
        return;
    }
    auto state = *record_.partial();
    state.growing = true;
    state.isWhole = false;
    state.file.length = continuesAt_;
    record_.setPartial(std::move(state));
    fd_ = std::move(part_);
    temporary_ = partName_;
    checkErrno(::ftruncate(fd_.get(), static_cast<off_t>(continuesAt_)), what("continuing the part of"));
}

// The source has started over. The part stays until the new bytes are worth more, if there is room for both.
// The length alone does not show that nothing but the checksum is wrong: a file that is rewritten while it is
// read is as long.
void FileTarget::setPartAside(std::optional<std::uint64_t> size, bool isComplete) {
    earlier_ = std::move(fd_);
    earlierWatch_ = std::exchange(watch_, std::nullopt);
    temporary_.clear();
    if (isComplete && identityOf(earlier_.get()).length == record_.partial()->size) {
        setWholeAside();
    } else {
        (void)::ftruncate(earlier_.get(), static_cast<off_t>(continuesAt_));
    }
    if (!size || *size > roomOf(earlier_.get()) || (earlierWatch_ && earlierWatch_->hasSeenWriter())) {
        (void)::ftruncate(earlier_.get(), 0); // the worker may have it open
        removeEarlier();
        record_.setPartial(std::nullopt);
    }
}

// Its checksum is not the requested one. If that is a typing error, nothing is wrong with the bytes.
void FileTarget::setWholeAside() {
    checkErrno(::fsync(earlier_.get()), what("keeping a part of"));
    auto state = *record_.partial();
    state.growing = false;
    state.checksum = checksum_;
    state.file = identityOf(earlier_.get());
    continuesAt_ = state.file.length;
    record_.setPartial(std::move(state));
}

void FileTarget::removeEarlier() {
    if (!earlier_) {
        return;
    }
    if (isFileAt(location_.folder.get(), partName_, earlier_.get())) {
        checkErrno(::unlinkat(location_.folder.get(), partName_.c_str(), 0), what("removing the part of"));
    }
    earlier_.reset();
    continuesAt_ = 0;
}

std::optional<std::uint64_t> FileTarget::keep(const TransferRequest& request,
                                              const KnownSource& source) noexcept {
    return keep(request, source, false);
}

std::optional<std::uint64_t> FileTarget::keepWhole(const TransferRequest& request,
                                                   const KnownSource& source) noexcept {
    return keep(request, source, true);
}

// A part that is continued stays of the version that the server was asked for: another one may have been
// announced, but goes into another file.
KnownSource FileTarget::versionOf(const KnownSource& source) const {
    if (continuesPart() && record_.partial()->validator != source.validator) {
        return {.size = record_.partial()->size, .validator = record_.partial()->validator};
    }
    return source;
}

bool FileTarget::isEarlierBetter(const KnownSource& source, std::uint64_t length) const {
    return earlier_ && continuesAt_ > length && record_.partial()->validator == source.validator;
}

std::optional<std::uint64_t> FileTarget::keep(const TransferRequest& request, const KnownSource& announced,
                                              bool isWhole) noexcept {
    try {
        if (hasForeignBytes()) {
            return keepEarlier();
        }
        const auto identity = fd_ ? identityOf(fd_.get()) : FileIdentity();
        const auto source = versionOf(announced);
        const bool maybeMixed = continuesPart() && startsOver_ && !isComplete_;
        if (!fd_ || maybeMixed || request.decode || source.validator.empty() || identity.length < fewBytes ||
            identity.length > source.size.value_or(UINT64_MAX) ||
            (isWhole && identity.length != source.size) || isEarlierBetter(source, identity.length)) {
            return keepEarlier();
        }
        struct stat status {};
        checkErrno(::fstat(fd_.get(), &status), what("keeping a part of"));
        if (othersMayWrite(status)) { // whatever mode was asked for
            const auto kept = keepEarlier();
            whyNotKept_ = kept ? "" : "; nothing is kept: on this file system, others may write to each file";
            return kept;
        }
        requireFreePartName();
        checkErrno(::fsync(fd_.get()), what("keeping a part of"));
        removeEarlier();
        PartialState state{.url = request.url.redacted(),
                           .checksum = checksumText(request),
                           .isWhole = isWhole,
                           .size = source.size,
                           .validator = source.validator,
                           .file = identity,
                           .growing = true}; // until it has its name, which changes the time of its status
        record_.setPartial(state);
        namePart();
        recordFinished(std::move(state), fd_.get());
        record_.keep();
        return identity.length;
    } catch (const Error& error) {
        const auto kept = keepEarlier(); // the destructor deletes what is new
        whyNotKept_ = kept ? "" : fmt::format("; nothing is kept: {}", error.what());
        return kept;
    }
}

std::optional<std::uint64_t> FileTarget::keepEarlier() noexcept {
    if (continuesAt_ == 0) {
        return std::nullopt;
    }
    if (part_) { // the part is unchanged
        return continuesAt_;
    }
    auto& part = earlier_ ? earlier_ : fd_;
    if (earlier_ ? isWritten(earlierWatch_, earlier_) : hasForeignBytes()) {
        whyNotKept_ = fmt::format("; nothing is kept: another program has written to '{}'", partPath());
        return std::nullopt; // the destructor deletes it
    }
    if (!isFileAt(location_.folder.get(), partName_, part.get())) { // somebody has removed or replaced it
        return std::nullopt;
    }
    if (::ftruncate(part.get(), static_cast<off_t>(continuesAt_)) == 0) {
        recordFinished(*record_.partial(), part.get());
    }
    if (!earlier_) {
        temporary_.clear(); // the destructor leaves it
    }
    earlier_.reset();
    record_.keep();
    return continuesAt_;
}

// If this fails, the record still says that the part is growing.
void FileTarget::recordFinished(PartialState state, int part) noexcept {
    try {
        state.growing = false;
        state.file = identityOf(part);
        record_.setPartial(std::move(state));
    } catch (const Error&) { // ignoring
    }
}

// Before the record is written: it still describes a part that is left as it is.
void FileTarget::requireFreePartName() const {
    const int folder = location_.folder.get();
    struct stat named {};
    if (::fstatat(folder, partName_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        !isFileAt(folder, partName_, fd_.get()) &&
        !(earlier_ && isFileAt(folder, partName_, earlier_.get()))) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is in the way: remove it unless it is needed", partPath()));
    }
}

void FileTarget::namePart() {
    const int folder = location_.folder.get();
    const auto requireOurs = [&](const std::string& name) {
        if (!isFileAt(folder, name, fd_.get())) {
            throw Error(
                ErrorCode::TargetRefused,
                fmt::format("somebody else has removed, renamed or replaced '{}' meanwhile", partPath()));
        }
    };
    if (temporary_.empty()) {
        (void)linkAs(partName_);
    } else {
        requireOurs(temporary_);
    }
    if (!temporary_.empty() && temporary_ != partName_) {
        const auto isFree = [this] {
            requireFreePartName();
            return true;
        };
        checkErrno(renameTemporary(partName_, isFree), what("keeping a part of"));
    }
    requireOurs(partName_);
    syncFolder();
    temporary_.clear(); // the destructor leaves it
}

std::string FileTarget::partPath() const {
    return location_.folderPath + partName_;
}

} // namespace bootferry
