// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file_location.h"

#include <cerrno>
#include <climits>
#include <cstdint>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

namespace bootferry {
namespace {

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hashOf(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
    }
    return hash;
}

} // namespace

FileLocation locateFile(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    FileLocation location{.folder =
                              UniqueFd(checkErrno(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC),
                                                  fmt::format("opening the folder '{}'", folder))),
                          .name = path.substr(slash == std::string::npos ? 0 : slash + 1),
                          .path = path,
                          .present = {}};
    location.present.reset(
        ::openat(location.folder.get(), location.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return location;
}

bool isFileAt(int folder, const std::string& name, int fd) {
    struct stat named {};
    struct stat open {};
    return ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &open) == 0 &&
           isSameFile(named, open);
}

std::string nameBeside(int folder, const std::string& name, std::string_view suffix) {
    const auto told = ::fpathconf(folder, _PC_NAME_MAX);
    const auto longest = told > 0 ? static_cast<std::size_t>(told) : NAME_MAX;
    if (name.size() + suffix.size() <= longest) {
        return name + std::string(suffix);
    }
    const auto hash = fmt::format("-{:016x}", hashOf(name));
    return name.substr(0, longest - hash.size() - suffix.size()) + hash + std::string(suffix);
}

} // namespace bootferry
