// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export_folder.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "file_rights.h"
#include "files.h"
#include "log.h"
#include "plain_text.h"

namespace bootferry {
namespace {

constexpr const char* newName = ".new";
constexpr const char* oldName = ".old";
constexpr std::size_t mostEntryText = std::size_t{1} << 20U;
constexpr mode_t folderMode = 0755;
constexpr mode_t fileMode = 0644;

[[noreturn]] void throwFile(int errnoValue, const std::string& what) {
    throw Error(fileErrorCode(errnoValue), errnoValue, what);
}

template <typename Result>
Result check(Result result, const std::string& what) {
    if (result < 0) {
        throwFile(errno, what);
    }
    return result;
}

// The real path, for the configuration of servers.
std::string absolutePath(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) {
        throwFile(errno, fmt::format("opening the folder '{}'", path));
    }
    std::string absolute(real.get());
    if (escapedText(absolute) != absolute) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("the path of '{}' has characters that configuration files cannot "
                                "contain",
                                path));
    }
    return absolute;
}

UniqueFd openFolder(int parent, const std::string& name, const std::string& shown) {
    UniqueFd folder(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!folder && (errno == ENOTDIR || errno == ELOOP)) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is not a folder, or a link to one, which is not followed", shown));
    }
    if (!folder) {
        throwFile(errno, fmt::format("opening the folder '{}'", shown));
    }
    return folder;
}

// Readable for a server of another user, whatever the umask is.
UniqueFd makeFolder(int parent, const std::string& name, const std::string& shown) {
    if (::mkdirat(parent, name.c_str(), folderMode) < 0) {
        if (errno != EEXIST) {
            throwFile(errno, fmt::format("creating the folder '{}'", shown));
        }
        return openFolder(parent, name, shown);
    }
    auto folder = openFolder(parent, name, shown);
    check(::fchmod(folder.get(), folderMode), fmt::format("creating the folder '{}'", shown));
    check(::fsync(parent), fmt::format("creating the folder '{}'", shown));
    return folder;
}

UniqueFd createIn(int folder, const std::string& name, const std::string& shown, int flags) {
    UniqueFd file(
        ::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, fileMode));
    if (!file) {
        throwFile(errno, fmt::format("creating '{}'", shown));
    }
    check(::fchmod(file.get(), fileMode), fmt::format("creating '{}'", shown));
    return file;
}

// nullopt if there is no such file.
std::optional<std::string> readIn(int folder, const std::string& name, const std::string& shown) {
    const UniqueFd file(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file && errno == ENOENT) {
        return std::nullopt;
    }
    if (!file && errno == ELOOP) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is a link, which is not followed", shown));
    }
    if (!file) {
        throwFile(errno, fmt::format("reading '{}'", shown));
    }
    struct stat status {};
    check(::fstat(file.get(), &status), fmt::format("reading '{}'", shown));
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is not a file", shown));
    }
    if (static_cast<std::size_t>(status.st_size) > mostEntryText) {
        throw Error(ErrorCode::TargetRefused,
                    fmt::format("'{}' is too large to be a list of boot entries", shown));
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t used = 0;
    while (used < text.size()) {
        const auto part = check(::read(file.get(), text.data() + used, text.size() - used),
                                fmt::format("reading '{}'", shown));
        if (part == 0) {
            break;
        }
        used += static_cast<std::size_t>(part);
    }
    text.resize(used);
    return text;
}

bool isVersionName(std::string_view name) {
    return name.size() == versionNameLength &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct CloseDir {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::vector<std::string> namesIn(int folder, const std::string& shown) {
    UniqueFd copy(check(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                        fmt::format("reading the folder '{}'", shown)));
    const std::unique_ptr<DIR, CloseDir> entries(::fdopendir(copy.get()));
    if (!entries) {
        throwFile(errno, fmt::format("reading the folder '{}'", shown));
    }
    (void)copy.release();
    std::vector<std::string> names;
    while (const auto* entry = ::readdir(entries.get())) { // NOLINT(concurrency-mt-unsafe): one thread
        names.emplace_back(entry->d_name);
    }
    return names;
}

} // namespace

ExportFolder::ExportFolder(std::string path, std::string name)
    : path_(absolutePath(path)), name_(std::move(name)),
      folder_(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!folder_ && errno == ENOTDIR) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is not a folder", path));
    }
    if (!folder_) {
        throwFile(errno, fmt::format("opening the folder '{}'", path));
    }
    if (::flock(folder_.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK) {
            throw Error(ErrorCode::TargetRefused, fmt::format("another export is writing into '{}'", path));
        }
        throwFile(errno, fmt::format("locking the folder '{}'", path));
    }
    versions_ = makeFolder(folder_.get(), name_, path_ + "/" + name_);
    remove(newName);
    remove(oldName);
}

std::string ExportFolder::readEntry(const std::string& file) {
    const auto shown = path_ + "/" + file;
    const auto slash = file.rfind('/');
    std::optional<std::string> text;
    if (slash == std::string::npos) {
        text = readIn(folder_.get(), file, shown);
    } else {
        struct stat status {};
        const auto folder = file.substr(0, slash);
        if (::fstatat(folder_.get(), folder.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT) {
            text = readIn(openFolder(folder_.get(), folder, path_ + "/" + folder).get(),
                          file.substr(slash + 1), shown);
        }
    }
    entries_ += text.value_or("");
    return text.value_or("");
}

void ExportFolder::replaceEntry(const std::string& file, std::string_view text) {
    const auto slash = file.rfind('/');
    const auto name = file.substr(slash == std::string::npos ? 0 : slash + 1);
    const auto folder = slash == std::string::npos ? openFolder(folder_.get(), ".", path_)
                                                   : makeFolder(folder_.get(), file.substr(0, slash),
                                                                path_ + "/" + file.substr(0, slash));
    const auto temporary = fmt::format(".{}.new", name);
    const auto shown = path_ + "/" + file;
    if (::unlinkat(folder.get(), temporary.c_str(), 0) < 0 && errno != ENOENT) {
        throwFile(errno, fmt::format("replacing '{}'", shown));
    }
    const auto written = createIn(folder.get(), temporary, shown, O_EXCL);
    try {
        // An administrator may have given it to a group.
        const UniqueFd present(::openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        if (present && ::fstat(present.get(), &status) == 0 && S_ISREG(status.st_mode)) {
            if (const auto kept = giveRightsOf(present.get(), written.get());
                !kept.group || !kept.accessList) {
                logWarning(fmt::format(
                    "'{}' does not keep all rights of its group or its access control list", shown));
            }
        }
        writeAll(written.get(), std::as_bytes(std::span(text)), fmt::format("writing '{}'", shown));
        check(::fsync(written.get()), fmt::format("writing '{}'", shown));
        check(::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()),
              fmt::format("replacing '{}'", shown));
    } catch (const Error&) {
        (void)::unlinkat(folder.get(), temporary.c_str(), 0);
        throw;
    }
    check(::fsync(folder.get()), fmt::format("replacing '{}'", shown));
}

void ExportFolder::beginVersion() {
    begun_ = makeFolder(versions_.get(), newName, fmt::format("{}/{}/{}", path_, name_, newName));
}

UniqueFd ExportFolder::createFile(const std::string& file) {
    return createIn(begun_.get(), file, fmt::format("{}/{}/{}", path_, name_, file), O_EXCL);
}

void ExportFolder::linkFile(int source, const std::string& file) {
    const auto from = descriptorPath(source);
    if (::linkat(AT_FDCWD, from.c_str(), begun_.get(), file.c_str(), AT_SYMLINK_FOLLOW) < 0) {
        if (errno == EXDEV) {
            throw Error(ErrorCode::Unsupported,
                        "--link: the ISO and the folder are on different file systems");
        }
        throwFile(errno, fmt::format("--link: linking '{}'", file));
    }
}

bool ExportFolder::hasVersion(const std::string& version,
                              const std::vector<std::pair<std::string, std::uint64_t>>& files,
                              const std::string& sums) const {
    struct stat status {};
    if (::fstatat(versions_.get(), version.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISDIR(status.st_mode)) {
        return false;
    }
    const auto shown = fmt::format("{}/{}/{}", path_, name_, version);
    const auto folder = openFolder(versions_.get(), version, shown);
    return readIn(folder.get(), "SHA256SUMS", shown + "/SHA256SUMS") == sums &&
           std::all_of(files.begin(), files.end(), [&](const auto& file) {
               return ::fstatat(folder.get(), file.first.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == file.second;
           });
}

void ExportFolder::finishVersion(const std::string& version) {
    const auto shown = fmt::format("{}/{}/{}", path_, name_, version);
    check(::fsync(begun_.get()), fmt::format("writing '{}'", shown));
    // Moves a damaged version away; hasVersion() has rejected it.
    if (::renameat(versions_.get(), version.c_str(), versions_.get(), oldName) < 0 && errno != ENOENT) {
        throwFile(errno, fmt::format("replacing '{}'", shown));
    }
    check(::renameat(versions_.get(), newName, versions_.get(), version.c_str()),
          fmt::format("writing '{}'", shown));
    check(::fsync(versions_.get()), fmt::format("writing '{}'", shown));
    begun_.reset();
    remove(oldName);
}

void ExportFolder::dropBegun() {
    begun_.reset();
    remove(newName);
    (void)::unlinkat(folder_.get(), name_.c_str(),
                     AT_REMOVEDIR); // if it is empty, this export has created it
}

std::size_t ExportFolder::removeOthers(const std::string& version) {
    const auto isNamed = [this](const std::string& other) {
        return entries_.find(fmt::format("{}/{}/", name_, other)) != std::string::npos;
    };
    std::size_t removed = 0;
    if (isNamed(version)) {
        return removed;
    }
    for (const auto& name : namesIn(versions_.get(), path_ + "/" + name_)) {
        if (!isVersionName(name) || name == version || isNamed(name)) {
            continue;
        }
        // Renamed first: a version that is half removed must not look like one.
        check(::renameat(versions_.get(), name.c_str(), versions_.get(), oldName),
              fmt::format("removing '{}/{}/{}'", path_, name_, name));
        remove(oldName);
        ++removed;
    }
    return removed;
}

void ExportFolder::remove(const char* name) {
    std::error_code error;
    std::filesystem::remove_all(fmt::format("/proc/self/fd/{}/{}", versions_.get(), name), error);
    if (error) {
        throwFile(error.value(), fmt::format("removing '{}/{}/{}'", path_, name_, name));
    }
}

} // namespace bootferry
