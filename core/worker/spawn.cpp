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
#include <linux/capability.h>
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

// For who stays root (`bootferryctl fetch` in root's hands): exec gives root back what the bounding set
// leaves, which is reading the key files that the command line names. Who is not root has nothing to lose.
void dropCapabilities() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (capability != CAP_DAC_READ_SEARCH) {
            (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
    }
}

bool dropPrivileges(const std::optional<Identity>& identity) {
    dropCapabilities();
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

// What the process finds below 5: descriptors above all of these.
struct Streams {
    int input;
    int output;
    int channel;
    int cancel;
};

[[noreturn]] void become(const WorkerProgram& program, const std::optional<Identity>& identity,
                         const Streams& streams, pid_t parent, char* const* arguments,
                         char* const* environment) {
    resetSignals();
    const bool ready = ::setsid() >= 0 && place(streams.input, STDIN_FILENO) &&
                       place(streams.output, STDOUT_FILENO) && place(streams.channel, channel::socketFd) &&
                       place(streams.cancel, channel::cancelFd) &&
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
    for (const char* name : {"LANG", "LC_ALL", "BOOTFERRY_LOG_LEVEL", "BOOTFERRY_PLUGIN_DIR",
                             "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
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

// Duplicates above the agreed numbers, so that placing one cannot overwrite another.
UniqueFd duplicateAbove(int fd) {
    constexpr int above = 16;
    return UniqueFd(checkErrno(::fcntl(fd, F_DUPFD_CLOEXEC, above), "starting a worker"));
}

UniqueFd openNull() {
    const UniqueFd null(checkErrno(::open("/dev/null", O_RDWR | O_CLOEXEC), "opening /dev/null"));
    return duplicateAbove(null.get());
}

pid_t spawn(const WorkerProgram& program, std::vector<std::string> argumentTexts, const Streams& streams) {
    const auto identity = lookUp(program.user);
    checkErrno(::access(program.path.c_str(), X_OK),
               fmt::format("starting the transfer process '{}'", program.path));
    auto environmentTexts = workerEnvironment();
    const auto arguments = pointers(argumentTexts);
    const auto environment = pointers(environmentTexts);
    const auto parent = ::getpid();
    const auto pid = checkErrno(::fork(), "starting a worker");
    if (pid == 0) {
        become(program, identity, streams, parent, arguments.data(), environment.data());
    }
    return pid;
}

} // namespace

pid_t spawnWorker(const WorkerProgram& program, const UniqueFd& channel, const UniqueFd& cancel) {
    const auto null = openNull();
    const auto output = duplicateAbove(STDERR_FILENO); // what a library prints is for the journal
    const auto highChannel = duplicateAbove(channel.get());
    const auto highCancel = duplicateAbove(cancel.get());
    return spawn(program, {program.path},
                 {.input = null.get(),
                  .output = output.get(),
                  .channel = highChannel.get(),
                  .cancel = highCancel.get()});
}

pid_t spawnPluginList(const WorkerProgram& program, const UniqueFd& output) {
    const auto null = openNull();
    const auto highOutput = duplicateAbove(output.get());
    return spawn(
        program, {program.path, "--list-plugins"},
        {.input = null.get(), .output = highOutput.get(), .channel = null.get(), .cancel = null.get()});
}

} // namespace bootferry
