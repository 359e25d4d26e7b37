// SPDX-License-Identifier: LGPL-2.1-or-later
// A name decides nothing: a user's own x.part is an ordinary file. A record is recognised by its
// contents, and a part by the record that describes it.
#include "fetch_names.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "errors.h"
#include "partial_state.h"

namespace bootferry {
namespace {

constexpr std::size_t longestRecord = 16384;
constexpr std::string_view temporaryPrefix = ".bootferry-";
constexpr std::size_t temporaryDigits = 16;

UniqueFd openBeside(const FileLocation& location, const std::string& name) {
    return UniqueFd(::openat(location.folder.get(), name.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool isTemporary(std::string_view name) {
    return name.size() == temporaryPrefix.size() + temporaryDigits && name.starts_with(temporaryPrefix) &&
           name.find_first_not_of("0123456789abcdef", temporaryPrefix.size()) == std::string_view::npos;
}

// Its owner has it locked, also while it is still empty.
bool isRecord(const FileLocation& location) {
    const auto file = openBeside(location, location.name);
    if (!file || !isFileAt(location.folder.get(), location.name, location.present.get())) {
        return false;
    }
    const bool isLocked = ::flock(file.get(), LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    return isLocked || readRecord(file.get()).starts_with(fmt::format("{}\n", recordFirstLine));
}

// Does this record describe the location's file?
bool isPartOf(const FileLocation& location, const std::string& record) {
    const auto file = openBeside(location, record);
    const auto text = file ? readRecord(file.get()) : std::string();
    const auto state =
        text.starts_with(recordFirstLine) ? partialFromText(text) : std::optional<PartialState>();
    if (!state) {
        return false;
    }
    const auto now = identityOf(location.present.get());
    return state->file.inode == now.inode && state->file.born == now.born;
}

// nameBeside() may have cut the name, and puts the same hash behind both cuts.
bool isPart(const FileLocation& location) {
    const auto stem = location.name.substr(0, location.name.size() - partSuffix.size());
    const auto more = recordSuffix.size() - partSuffix.size();
    constexpr std::size_t hashSize = 17;
    if (isPartOf(location, nameBeside(location.folder.get(), stem, recordSuffix))) {
        return true;
    }
    if (stem.size() < hashSize + more) {
        return false;
    }
    const auto head = stem.substr(0, stem.size() - hashSize - more);
    return isPartOf(location, head + stem.substr(stem.size() - hashSize) + std::string(recordSuffix));
}

} // namespace

std::string randomTemporaryName() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) {
        throwErrno(errno, "making a temporary name");
    }
    return fmt::format("{}{:016x}", temporaryPrefix, number);
}

std::string readRecord(int fd) {
    std::string text(longestRecord, '\0');
    const auto count = ::pread(fd, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

void requireNotOfAnotherFetch(const FileLocation& location) {
    const auto& name = location.name;
    if (!location.present || !S_ISREG(location.status.st_mode)) {
        return;
    }
    const char* what = nullptr;
    if (name.ends_with(recordSuffix) && isRecord(location)) {
        what = "the record of fetches to another file";
    } else if (name.ends_with(partSuffix) && isPart(location)) {
        what = "what a fetch to another file has received";
    } else if (isTemporary(name)) {
        what = "a temporary file of a fetch";
    }
    if (what != nullptr) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is {}: name another file, or remove it", location.path, what));
    }
}

} // namespace bootferry
