// SPDX-License-Identifier: LGPL-2.1-or-later
// The declarations are our own: linux/landlock.h is missing or older on some of the systems that we build on,
// and the version that counts is that of the running kernel. It refuses a right that it does not know, but
// accepts a longer structure whose unknown members are zero.
#include "landlock.h"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"

namespace bootferry::landlock {
namespace {

constexpr std::uint32_t askForVersion = 1;
constexpr int pathBeneath = 1;

struct Ruleset {
    std::uint64_t files;   // rights to files that are refused unless a rule grants them
    std::uint64_t network; // since version 4
    std::uint64_t scoped;  // since version 6
};

struct [[gnu::packed]] PathRule {
    std::uint64_t granted;
    std::int32_t fd;
};

constexpr std::uint64_t readFile = 1U << 2U;
constexpr std::uint64_t readFolder = 1U << 3U;
constexpr std::uint64_t abstractSockets = 1U << 0U;
constexpr std::uint64_t signals = 1U << 1U;

// Version 1: execute, write, read, list, remove (2), create (7); then to link or move between folders, to
// truncate, and ioctl(2) of devices.
std::uint64_t fileRights(long version) {
    constexpr std::uint64_t first = (1U << 13U) - 1;
    constexpr std::uint64_t move = 1U << 13U;
    constexpr std::uint64_t truncate = 1U << 14U;
    constexpr std::uint64_t controlDevice = 1U << 15U;
    return first | (version >= 2 ? move : 0) | (version >= 3 ? truncate : 0) |
           (version >= 5 ? controlDevice : 0);
}

void grantReading(const UniqueFd& ruleset, const std::string& path) {
    const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!place || ::fstat(place.get(), &status) != 0) {
        return; // it does not exist, or its folder is closed to this user
    }
    const PathRule rule{.granted = readFile | (S_ISDIR(status.st_mode) ? readFolder : 0), .fd = place.get()};
    if (::syscall(addRule, ruleset.get(), pathBeneath, &rule, 0) != 0 &&
        errno != EBADFD) { // on a file system of the kernel's own: never refused
        throwErrno(errno, fmt::format("restricting the worker's files (reading '{}')", path));
    }
}

} // namespace

bool restrictFiles(const Rules& rules) {
    constexpr const char* what = "restricting the worker's files";
    const auto version = ::syscall(createRuleset, nullptr, 0, askForVersion);
    if (version < 1) {
        return false; // no such call, switched off at boot, or refused by a container
    }
    Ruleset wanted{.files = fileRights(version), .network = 0, .scoped = 0};
    if (version >= 6) {
        wanted.scoped = signals | (rules.abstractSockets ? 0 : abstractSockets);
    }
    const UniqueFd ruleset(
        static_cast<int>(checkErrno(::syscall(createRuleset, &wanted, sizeof wanted, 0), what)));
    for (const auto& path : rules.readable) {
        grantReading(ruleset, path);
    }
    checkErrno(::syscall(restrictSelf, ruleset.get(), 0), what);
    return true;
}

} // namespace bootferry::landlock
