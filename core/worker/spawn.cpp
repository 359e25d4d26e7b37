// SPDX-License-Identifier: LGPL-2.1-or-later
// fork, then only async-signal-safe calls until exec: everything that can fail with words (looking up the
// user, checking the program) is done before. posix_spawn(3) cannot change the user.
#include "spawn.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "channel.h"

namespace bootferry {
namespace {

struct Identity {
    uid_t uid;
    gid_t gid;
};

std::optional<Identity> lookUp(const std::optional<std::string>& user) {
    if (!user) {
        return std::nullopt;
    }
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    const int result = ::getpwnam_r(user->c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        throw Error(ErrorCode::Io, result,
                    fmt::format("there is no user '{}' for the transfer process: create it with "
                                "systemd-sysusers, or in the initrd's /etc/passwd",
                                *user));
    }
    return Identity{.uid = found->pw_uid, .gid = found->pw_gid};
}

// Moves a descriptor to its agreed number, without close-on-exec. The sources lie above all targets.
bool place(int from, int to) {
    return ::dup2(from, to) == to;
}

bool dropPrivileges(const std::optional<Identity>& identity) {
    if (identity &&
        (::setgroups(0, nullptr) < 0 || ::setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
         ::setresuid(identity->uid, identity->uid, identity->uid) < 0)) {
        return false;
    }
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void resetSignals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) {
        (void)::sigaction(number, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const WorkerProgram& program, const std::optional<Identity>& identity, int channel,
                         int cancel, int null, pid_t parent, char* const* arguments,
                         char* const* environment) {
    resetSignals();
    const bool ready = ::setsid() >= 0 && place(null, STDIN_FILENO) && place(STDERR_FILENO, STDOUT_FILENO) &&
                       place(channel, channel::socketFd) && place(cancel, channel::cancelFd) &&
                       ::close_range(channel::cancelFd + 1, ~0U, 0) == 0 && dropPrivileges(identity) &&
                       // Changing the user clears it, so it is set last; and the parent may be gone already.
                       ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ::getppid() == parent;
    if (ready) {
        ::execve(program.path.c_str(), arguments, environment);
    }
    ::_exit(127);
}

// What survives into the worker: language and debugging, nothing that configures a library behind our back.
std::vector<std::string> workerEnvironment() {
    std::vector<std::string> environment{"PATH=/usr/bin:/bin", "BOOTFERRY_WORKER_PROCESS=1"};
    for (const char* name : {"LANG", "LC_ALL", "BOOTFERRY_LOG_LEVEL", "JOURNAL_STREAM", "ASAN_OPTIONS",
                             "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
        if (const char* value = std::getenv(name)) { // NOLINT(concurrency-mt-unsafe): one thread
            environment.push_back(fmt::format("{}={}", name, value));
        }
    }
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (auto& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

} // namespace

pid_t spawnWorker(const WorkerProgram& program, const UniqueFd& channel, const UniqueFd& cancel) {
    const auto identity = lookUp(program.user);
    checkErrno(::access(program.path.c_str(), X_OK),
               fmt::format("starting the transfer process '{}'", program.path));
    // Duplicates above the agreed numbers, so that placing one cannot overwrite another.
    constexpr int above = 16;
    const UniqueFd highChannel(
        checkErrno(::fcntl(channel.get(), F_DUPFD_CLOEXEC, above), "starting a worker"));
    const UniqueFd highCancel(checkErrno(::fcntl(cancel.get(), F_DUPFD_CLOEXEC, above), "starting a worker"));
    const UniqueFd null(checkErrno(::open("/dev/null", O_RDWR | O_CLOEXEC), "opening /dev/null"));
    const UniqueFd highNull(checkErrno(::fcntl(null.get(), F_DUPFD_CLOEXEC, above), "starting a worker"));
    std::vector<std::string> argumentTexts{program.path};
    auto environmentTexts = workerEnvironment();
    const auto arguments = pointers(argumentTexts);
    const auto environment = pointers(environmentTexts);
    const auto parent = ::getpid();
    const auto pid = checkErrno(::fork(), "starting a worker");
    if (pid == 0) {
        become(program, identity, highChannel.get(), highCancel.get(), highNull.get(), parent,
               arguments.data(), environment.data());
    }
    return pid;
}

} // namespace bootferry
