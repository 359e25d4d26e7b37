// SPDX-License-Identifier: LGPL-2.1-or-later
#include "open_resources.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <sched.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

// Open for as long as the process runs.
struct {
    DIR* descriptors = nullptr;
    DIR* threads = nullptr;
} ownFolders;

Names entriesOf(DIR* folder) {
    Names names;
    ::rewinddir(folder);
    while (const auto* entry = ::readdir(folder)) { // NOLINT(concurrency-mt-unsafe): a stream of our own
        names.insert(entry->d_name);
    }
    return names;
}

// The mask of signals, bit 0 being signal 1 (proc_pid_status(5)); nullopt: the thread has ended.
std::optional<std::uint64_t> blockedBy(const std::string& thread) {
    constexpr std::string_view mark = "SigBlk:\t";
    constexpr int hexadecimal = 16;
    std::ifstream status("/proc/self/task/" + thread + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(mark)) {
            return parseNumber<std::uint64_t>(line.substr(mark.size()), hexadecimal);
        }
    }
    return std::nullopt;
}

std::chrono::nanoseconds usedByThisThread() {
    timespec used{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

} // namespace

void openOwnFolders() {
    for (auto [folder, path] : {std::pair(&ownFolders.descriptors, "/proc/self/fd"),
                                std::pair(&ownFolders.threads, "/proc/self/task")}) {
        *folder = ::opendir(path);
        if (*folder == nullptr) {
            throwErrno(errno, fmt::format("opening '{}'", path));
        }
    }
}

Names ownDescriptors() {
    return entriesOf(ownFolders.descriptors);
}

Names ownThreads() {
    return entriesOf(ownFolders.threads);
}

std::optional<std::string> signalFault(const Names& before) {
    constexpr std::array expected{SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCHLD};
    for (const auto& thread : without(ownThreads(), before)) {
        const auto blocked = blockedBy(thread);
        if (!blocked) {
            continue; // it has ended
        }
        const auto has = [&](int signal) { return (*blocked >> (signal - 1) & 1U) != 0; };
        if (has(SIGSYS)) {
            return "blocks SIGSYS, so that a call that the sandbox refuses ends the process";
        }
        const auto* const open = std::find_if_not(expected.begin(), expected.end(), has);
        if (open != expected.end()) {
            return fmt::format("does not block SIG{}, which belongs to the host", sigabbrev_np(*open));
        }
    }
    return std::nullopt;
}

// A thread that was joined may stay in /proc until it has run once more. However slow the machine is, it then
// gets as much of it as this thread, which therefore counts the time that it has computed; one that sleeps
// does not end meanwhile.
std::size_t newThreads(const Names& before) {
    constexpr std::chrono::milliseconds longEnough{30};
    const auto start = usedByThisThread();
    auto left = without(ownThreads(), before);
    while (!left.empty() && usedByThisThread() - start < longEnough) {
        (void)::sched_yield();
        left = without(ownThreads(), before);
    }
    return left.size();
}

Names without(const Names& some, const Names& others) {
    Names rest;
    std::set_difference(some.begin(), some.end(), others.begin(), others.end(),
                        std::inserter(rest, rest.end()));
    return rest;
}

} // namespace bootferry
