// SPDX-License-Identifier: LGPL-2.1-or-later
// poll(2) waits, and the write after it takes RWF_NOWAIT, because several processes may share a pipe and
// another may have taken the room meanwhile. What knows no RWF_NOWAIT (a terminal, an old kernel's pipe) is
// written to in pieces that poll has promised room for.
#include "standard_streams.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds errorPatience{2};
constexpr std::chrono::seconds outputPatience{10};
constexpr std::size_t muchOutput = std::size_t{32} << 10U;

std::atomic<bool> errorIsStuck = false;
std::string gathered;  // standard output
int outputFailure = 0; // an errno; 0: none
bool outputIsUsed = false;

enum class Signals { Blocked, Usual };

bool isRegularFile(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// Until something can be written, or the limit. A signal that the program has blocked, to hear of it
// elsewhere, ends it here where it is not.
bool awaitRoom(int fd, std::optional<Clock::time_point> limit, Signals signals) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    if (signals == Signals::Usual) {
        sigdelset(&mask, SIGINT);
        sigdelset(&mask, SIGTERM);
    }
    timespec left{};
    if (limit) {
        const auto milliseconds = std::max<std::int64_t>(
            0, std::chrono::ceil<std::chrono::milliseconds>(*limit - Clock::now()).count());
        left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
    }
    pollfd watched{.fd = fd, .events = POLLOUT, .revents = 0};
    return ::ppoll(&watched, 1, limit ? &left : nullptr, &mask) != 0; // of an error the write knows more
}

ssize_t writeNow(int fd, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    const auto count = ::pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
    if (count < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ESPIPE)) {
        return ::write(fd, text.data(), text.size());
    }
    return count;
}

// 0, or the errno; ETIMEDOUT: nobody reads.
int writeBounded(int fd, std::string_view text, std::optional<Clock::time_point> limit, Signals signals) {
    const bool regular = isRegularFile(fd);
    while (!text.empty()) {
        if (!regular && !awaitRoom(fd, limit, signals)) {
            return ETIMEDOUT;
        }
        const auto piece = text.substr(0, PIPE_BUF);
        const auto count = regular ? ::write(fd, piece.data(), piece.size()) : writeNow(fd, piece);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return errno;
        }
        if (count < 0 && limit && Clock::now() >= *limit) {
            return ETIMEDOUT;
        }
        text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return 0;
}

// In the direction that fails: a program that was given no standard output has lost what it writes.
void openClosedDescriptors() {
    for (const auto& [fd, direction] :
         {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}}) {
        if (::fcntl(fd, F_GETFD) >= 0) {
            continue;
        }
        // The lowest free number is this one, since those below are open. A folder can be neither read nor
        // written.
        if (::open("/dev/null", direction) <
            0) { // NOLINT(android-cloexec-open): standard descriptors are inherited
            (void)!::open("/", O_RDONLY | O_DIRECTORY); // NOLINT(android-cloexec-open)
        }
    }
}

void sayOutputIsLost() {
    if (outputFailure == ETIMEDOUT) {
        printError("{}: nobody reads standard output\n", program_invocation_short_name);
    } else if (outputFailure != EPIPE) {
        printError("{}: writing to standard output: {}\n", program_invocation_short_name,
                   errnoText(outputFailure));
    }
}

// Some file systems say only here that the disk is full.
void closeOutput() {
    const int copy = outputIsUsed ? ::dup(STDOUT_FILENO) : -1;
    if (copy >= 0 && ::close(copy) < 0 && errno != EINTR && outputFailure == 0) {
        outputFailure = errno;
    }
}

} // namespace

int runProgram(int (*program)(int argc, char** argv), int argc, char** argv) noexcept {
    int status = EXIT_FAILURE;
    try {
        openClosedDescriptors();
        std::signal(SIGPIPE, SIG_IGN);
        status = program(argc, argv);
    } catch (const std::exception& error) {
        writeError(program_invocation_short_name);
        writeError(": ");
        writeError(error.what());
        writeError("\n");
    }
    (void)flushOutput();
    closeOutput();
    if (outputFailure == 0) {
        return status;
    }
    sayOutputIsLost();
    return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

void writeError(std::string_view text) noexcept {
    const auto patience = errorIsStuck ? std::chrono::seconds(0) : errorPatience;
    errorIsStuck = writeBounded(STDERR_FILENO, text, Clock::now() + patience, Signals::Blocked) == ETIMEDOUT;
}

void writeOutput(std::string_view text) noexcept {
    gathered += text;
    if (gathered.size() >= muchOutput) {
        (void)flushOutput();
    }
}

bool flushOutput() noexcept {
    outputIsUsed = outputIsUsed || !gathered.empty();
    if (outputFailure == 0) {
        const auto limit =
            ::isatty(STDOUT_FILENO) == 1 ? std::nullopt : std::optional(Clock::now() + outputPatience);
        outputFailure = writeBounded(STDOUT_FILENO, gathered, limit, Signals::Usual);
    }
    gathered.clear();
    return outputFailure == 0;
}

} // namespace bootferry
