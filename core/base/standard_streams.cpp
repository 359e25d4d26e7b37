// SPDX-License-Identifier: LGPL-2.1-or-later
// Waits with poll(2), then writes with RWF_NOWAIT, because another process that shares the pipe may have
// filled it in between. Files without RWF_NOWAIT (terminals, pipes of old kernels) get pieces of at most
// PIPE_BUF bytes, for which POLLOUT guarantees room.
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
#include "signal_message.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds errorPatience{2};
constexpr std::chrono::seconds outputPatience{10};
constexpr std::size_t bufferSize = std::size_t{32} << 10U;

std::atomic<bool> errorIsStuck = false;
std::string buffered;  // standard output
int outputFailure = 0; // an errno; 0: none
bool outputIsUsed = false;

enum class Signals { Blocked, Unblocked };

bool isRegularFile(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// Waits until fd is writable; false after the limit. With Unblocked, SIGINT, SIGTERM and SIGHUP act during
// the wait although the program has blocked them (for a signalfd).
bool waitUntilWritable(int fd, std::optional<Clock::time_point> limit, Signals signals) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    if (signals == Signals::Unblocked) {
        sigdelset(&mask, SIGINT);
        sigdelset(&mask, SIGTERM);
        sigdelset(&mask, SIGHUP);
    }
    timespec left{};
    if (limit) {
        const auto milliseconds = std::max<std::int64_t>(
            0, std::chrono::ceil<std::chrono::milliseconds>(*limit - Clock::now()).count());
        left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
    }
    pollfd watched{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&watched, 1, 0) != 0) { // without a wait, a pending signal is left to the event loop
        return true;
    }
    return ::ppoll(&watched, 1, limit ? &left : nullptr, &mask) != 0; // the write reports an error
}

ssize_t writeNow(int fd, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    const auto count = ::pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
    if (count < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ESPIPE)) {
        return ::write(fd, text.data(), text.size());
    }
    return count;
}

// Returns 0 or an errno; ETIMEDOUT means that the reader does not read.
int writeBounded(int fd, std::string_view text, std::optional<Clock::time_point> limit, Signals signals) {
    const bool regular = isRegularFile(fd);
    while (!text.empty()) {
        if (!regular && !waitUntilWritable(fd, limit, signals)) {
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

// Opens closed ones in the wrong direction, so that using them fails as on a closed descriptor.
void openClosedDescriptors() {
    for (const auto& [fd, direction] :
         {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}}) {
        if (::fcntl(fd, F_GETFD) >= 0) {
            continue;
        }
        // open(2) returns the lowest free number, which is this one. Without /dev/null a directory serves: it
        // can be neither read nor written.
        if (::open("/dev/null", direction) <
            0) { // NOLINT(android-cloexec-open): standard descriptors are inherited
            (void)!::open("/", O_RDONLY | O_DIRECTORY); // NOLINT(android-cloexec-open)
        }
    }
}

void reportLostOutput() {
    if (outputFailure == ETIMEDOUT) {
        printError("{}: nobody reads standard output\n", program_invocation_short_name);
    } else if (outputFailure != EPIPE) {
        printError("{}: writing to standard output: {}\n", program_invocation_short_name,
                   errnoText(outputFailure));
    }
}

// Some file systems report a full disk only when the file is closed.
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
        std::signal(SIGPIPE, SIG_IGN); // a write then fails with EPIPE or EFBIG
        std::signal(SIGXFSZ, SIG_IGN);
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
    reportLostOutput();
    return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

void writeError(std::string_view text) noexcept {
    const auto patience = errorIsStuck ? std::chrono::seconds(0) : errorPatience;
    errorIsStuck = writeBounded(STDERR_FILENO, text, Clock::now() + patience, Signals::Blocked) == ETIMEDOUT;
}

void writeErrorNow(std::string_view text) noexcept {
    (void)writeBounded(STDERR_FILENO, text, Clock::now(), Signals::Blocked);
}

void writeOutput(std::string_view text) noexcept {
    buffered += text;
    if (buffered.size() >= bufferSize) {
        (void)flushOutput();
    }
}

bool flushOutput() noexcept {
    outputIsUsed = outputIsUsed || !buffered.empty();
    if (outputFailure == 0) {
        const auto limit =
            ::isatty(STDOUT_FILENO) == 1 ? std::nullopt : std::optional(Clock::now() + outputPatience);
        outputFailure = writeBounded(STDOUT_FILENO, buffered, limit, Signals::Unblocked);
    }
    buffered.clear();
    return outputFailure == 0;
}

} // namespace bootferry
