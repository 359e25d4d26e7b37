// SPDX-License-Identifier: LGPL-2.1-or-later
// Each file is opened with O_PATH first: an image may hold a device node or a FIFO under the expected name,
// and opening one has side effects.
#include "image_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "live_image.h"
#include "live_layout.h"

namespace bootferry {
namespace {

constexpr int openAttempts = 100;
constexpr std::size_t namesCap = 10000; // for an error text: an image can hold any number

struct FolderClose {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::string realPath(const UniqueFd& fd, const std::string& name) {
    std::array<char, PATH_MAX> target{};
    const auto n = checkErrno(::readlink(descriptorPath(fd.get()).c_str(), target.data(), target.size()),
                              "resolving '" + printable(name) + "'");
    return {target.data(), static_cast<std::size_t>(n)};
}

std::string linkTarget(const UniqueFd& link) {
    std::array<char, PATH_MAX> target{};
    const auto n = ::readlinkat(link.get(), "", target.data(), target.size());
    return n < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(n));
}

bool isMissing(int errnoValue) {
    return errnoValue == ENOENT || errnoValue == ENOTDIR;
}

} // namespace

ImageTree::ImageTree(const std::string& path)
    : top_(checkErrno(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "opening '" + path + "'")) {}

UniqueFd ImageTree::openInside(const std::string& name, int flags) const {
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const char* path = name.empty() ? "." : name.c_str();
    long fd = -1;
    int attempt = 0;
    do { // EAGAIN: a rename or mount elsewhere on the system made the resolution of '..' uncertain
        fd = ::syscall(SYS_openat2, top_.get(), path, &how, sizeof how);
    } while (fd < 0 && errno == EAGAIN && ++attempt < openAttempts);
    return UniqueFd(static_cast<int>(fd));
}

std::optional<ImageFile> ImageTree::findFile(const std::string& name) const {
    const auto found = openInside(name, O_PATH);
    if (!found) {
        const int reason = errno;
        if (!isMissing(reason) && reason != ELOOP) {
            throwErrno(reason, "looking for '" + name + "'");
        }
        if (const auto link = openInside(name, O_PATH | O_NOFOLLOW)) {
            throw Error(ErrorCode::NotLive, fmt::format("'{}' is a link to '{}', which is not in the image",
                                                        name, printable(linkTarget(link))));
        }
        return std::nullopt;
    }
    struct stat status {};
    checkErrno(::fstat(found.get(), &status), "looking at '" + name + "'");
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::NotLive, fmt::format("'{}' is {}, not a file", name,
                                                    S_ISDIR(status.st_mode) ? "a folder" : "a special file"));
    }
    ImageFile file;
    file.fd.reset(checkErrno(::open(descriptorPath(found.get()).c_str(), O_RDONLY | O_CLOEXEC),
                             "opening '" + name + "'"));
    file.path = realPath(file.fd, name);
    return file;
}

std::optional<std::vector<std::string>> ImageTree::names(const std::string& folder) const {
    auto fd = openInside(folder, O_RDONLY | O_DIRECTORY);
    if (!fd) {
        return std::nullopt;
    }
    const std::unique_ptr<DIR, FolderClose> entries(::fdopendir(fd.get()));
    if (!entries) {
        throwErrno(errno, "reading the folder '" + folder + "'");
    }
    (void)fd.release(); // closedir closes it
    std::vector<std::string> names;
    while (names.size() < namesCap) {
        const auto* entry = ::readdir(entries.get()); // NOLINT(concurrency-mt-unsafe): a folder of our own
        if (entry == nullptr) {
            break;
        }
        const std::string name(static_cast<const char*>(entry->d_name));
        if (name != "." && name != "..") {
            names.push_back(name);
        }
    }
    return names;
}

bool ImageTree::has(const std::string& name) const {
    return static_cast<bool>(openInside(name, O_PATH | O_NOFOLLOW));
}

bool ImageTree::isRootTree() const {
    const auto isThere = [this](const char* name) { return has(name); };
    return std::any_of(rootTreeFolders.begin(), rootTreeFolders.end(), isThere) &&
           std::any_of(rootTreeInits.begin(), rootTreeInits.end(), isThere);
}

} // namespace bootferry
