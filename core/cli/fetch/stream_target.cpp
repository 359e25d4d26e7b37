// SPDX-License-Identifier: LGPL-2.1-or-later
// /dev/stdout and similar names are links in /proc. If one leads to a regular file, opening it would start at
// the first byte and overwrite what a shell or another program has written there; so the descriptor itself is
// duplicated.
#include "stream_target.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/time.h>
#include <unistd.h>

#include "file_room.h"
#include "files.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

UniqueFd duplicate(int fd, const std::string& path) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    const int flags = copy ? ::fcntl(copy.get(), F_GETFL) : -1;
    if (flags < 0) {
        refuseTarget(fmt::format("'{}'", path), errno);
    }
    const auto access = static_cast<unsigned>(flags) & (O_ACCMODE | O_PATH);
    if (access != O_WRONLY && access != O_RDWR) {
        refuseTarget(fmt::format("'{}' is not open for writing", path));
    }
    return copy;
}

// N of /proc/self/fd/N; nullopt for a file that another process has open.
std::optional<int> ownDescriptor(const FileLocation& location) {
    struct stat own {};
    struct stat folder {};
    if (::stat("/proc/self/fd", &own) < 0 || ::fstat(location.folder.get(), &folder) < 0 ||
        !isSameFile(own, folder)) {
        return std::nullopt;
    }
    return parseNumber<int>(location.name);
}

volatile std::sig_atomic_t stopRequested = 0;

// Interrupts a system call of this thread after a time, and when a signal asks the program to end, unless its
// parent ignores that signal. Both interrupt again and again: the first time could be just before the call.
class Interruption {
public:
    explicit Interruption(std::optional<std::chrono::microseconds> after) {
        struct sigaction action {};
        action.sa_handler = onSignal; // without SA_RESTART
        sigemptyset(&unblocked_);
        for (auto& [number, before] : before_) {
            checkErrno(::sigaction(number, nullptr, &before), "looking at a signal");
            if (number == SIGALRM || before.sa_handler != SIG_IGN) {
                checkErrno(::sigaction(number, &action, nullptr), "handling a signal");
                sigaddset(&unblocked_, number);
            }
        }
        (void)::pthread_sigmask(SIG_UNBLOCK, &unblocked_, &maskBefore_); // the parent may have blocked them
        if (after) {
            constexpr std::chrono::microseconds::rep second = 1'000'000;
            const auto usec = std::max<std::chrono::microseconds::rep>(after->count(), 1);
            const itimerval limit{.it_interval = {},
                                  .it_value = {.tv_sec = usec / second, .tv_usec = usec % second}};
            checkErrno(::setitimer(ITIMER_REAL, &limit, nullptr), "setting a time limit");
        }
    }
    ~Interruption() {
        (void)::alarm(0);
        (void)::pthread_sigmask(SIG_SETMASK, &maskBefore_, nullptr);
        for (const auto& [number, before] : before_) {
            (void)::sigaction(number, &before, nullptr);
        }
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

private:
    struct Handled {
        int number;
        struct sigaction before;
    };

    static void onSignal(int number) {
        if (number != SIGALRM) {
            stopRequested = 1;
        }
        (void)::alarm(1);
    }

    std::array<Handled, 4> before_{{{SIGALRM, {}}, {SIGINT, {}}, {SIGTERM, {}}, {SIGHUP, {}}}};
    sigset_t unblocked_{};
    sigset_t maskBefore_{};
};

UniqueFd openForWriting(const FileLocation& location, const struct stat& expected,
                        std::optional<std::chrono::microseconds> patience) {
    const int follow = location.isProcLink ? 0 : O_NOFOLLOW;
    const auto open = [&](int flags) {
        return UniqueFd(::openat(location.folder.get(), location.name.c_str(),
                                 O_WRONLY | O_NOCTTY | O_CLOEXEC | follow | flags));
    };
    auto stream = open(O_NONBLOCK);
    if (!stream && errno == ENXIO) {
        const Interruption interruption(patience);
        stream = open(0);
        const int error = errno;
        if (stopRequested != 0) {
            throw Error(ErrorCode::Cancelled,
                        fmt::format("interrupted while nobody had opened '{}' for reading", location.path));
        }
        if (!stream && error == EINTR && patience) {
            throw Error(ErrorCode::Timeout, fmt::format("nobody has opened '{}' for reading within {}",
                                                        location.path, formatDuration(*patience)));
        }
        errno = error;
    }
    if (!stream) {
        refuseTarget(fmt::format("'{}'", location.path), errno);
    }
    struct stat status {};
    if (::fstat(stream.get(), &status) < 0 || !isSameFile(status, expected)) {
        refuseTarget(fmt::format("'{}' was replaced in the moment it was opened", location.path));
    }
    checkErrno(::fcntl(stream.get(), F_SETFL, 0), fmt::format("opening '{}'", location.path));
    return stream;
}

UniqueFd notTerminal(UniqueFd stream, const std::string& path) {
    if (::isatty(stream.get()) == 1) {
        refuseTarget(
            fmt::format("'{}' is a terminal: name a file, or a pipe to a program that reads it", path));
    }
    return stream;
}

bool isSameFile(int one, int other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && bootferry::isSameFile(first, second);
}

} // namespace

UniqueFd openStandardOutput() {
    return notTerminal(duplicate(STDOUT_FILENO, "-"), "-");
}

std::optional<UniqueFd> openStream(const FileLocation& location,
                                   std::optional<std::chrono::microseconds> patience) {
    struct stat status = location.status;
    if (!location.present) {
        return std::nullopt;
    }
    if (location.isProcLink) {
        if (::fstatat(location.folder.get(), location.name.c_str(), &status, 0) < 0) {
            refuseTarget(fmt::format("'{}'", location.path), errno);
        }
        const auto own =
            S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode) ? std::nullopt : ownDescriptor(location);
        if (own) {
            return notTerminal(duplicate(*own, location.path), location.path);
        }
        if (S_ISREG(status.st_mode)) {
            refuseTarget(fmt::format("'{}' is a file that another process has open", location.path));
        }
    }
    if (S_ISFIFO(status.st_mode) && !location.isProcLink) {
        requireTrustedFifo(location);
    }
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        return notTerminal(openForWriting(location, status, patience), location.path);
    }
    return std::nullopt;
}

// Bytes that replace others need no room of their own, as far as those are not a hole.
void requireRoomInStream(const UniqueFd& stream, const std::string& path, std::uint64_t size) {
    constexpr std::uint64_t blockSize = 512; // of st_blocks, see stat(2)
    struct stat status {};
    if (::fstat(stream.get(), &status) < 0 || !S_ISREG(status.st_mode)) {
        return;
    }
    const int flags = ::fcntl(stream.get(), F_GETFL);
    const bool appends = flags >= 0 && (static_cast<unsigned>(flags) & O_APPEND) != 0;
    const auto length = static_cast<std::uint64_t>(status.st_size);
    const auto position =
        appends ? length : static_cast<std::uint64_t>(std::max<off_t>(::lseek(stream.get(), 0, SEEK_CUR), 0));
    const auto replaced = length - std::min(length, position);
    const auto present = std::min(replaced, static_cast<std::uint64_t>(status.st_blocks) * blockSize);
    requireRoom(stream.get(), path, size, position, std::min(present, size));
}

bool isStandardOutput(const UniqueFd& stream) {
    return stream && isSameFile(stream.get(), STDOUT_FILENO);
}

void requireNoMessages(const UniqueFd& stream, const std::string& path) {
    struct stat status {};
    const bool keepsBytes = ::fstat(stream.get(), &status) == 0 && !S_ISCHR(status.st_mode);
    if (keepsBytes && isSameFile(stream.get(), STDERR_FILENO)) {
        refuseTarget(
            fmt::format("standard error is the same file as '{}', messages would be mixed into the image: "
                        "send one of them elsewhere",
                        path));
    }
}

bool hasLostReader(const UniqueFd& stream) {
    pollfd watched{.fd = stream.get(), .events = 0, .revents = 0};
    return ::poll(&watched, 1, 0) > 0 && (static_cast<unsigned>(watched.revents) & (POLLERR | POLLHUP)) != 0;
}

} // namespace bootferry
