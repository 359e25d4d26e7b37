// SPDX-License-Identifier: LGPL-2.1-or-later
// fork, then only async-signal-safe calls until exec: the user is looked up before. posix_spawn(3) cannot
// change the user. A failed step is reported through a pipe that a successful exec closes, so that the parent
// can name the step and the reason.
#include "spawn.h"

#include <array>
#include <cerrno>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "environment.h"

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
                    fmt::format("the transfer process's user '{}' does not exist: create it with "
                                "systemd-sysusers, or in the initrd's /etc/passwd",
                                *user));
    }
    return Identity{.uid = found->pw_uid, .gid = found->pw_gid};
}

// Moves a descriptor to its agreed number, without close-on-exec. The sources lie above all targets.
bool place(int from, int to) {
    return ::dup2(from, to) == to;
}

// After this no exec can grant a capability, to any user. Errors are ignored: only root has any to lose.
void dropCapabilities() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
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

// The descriptors that become the process's 0 to 4, and the one for reporting a failure; all above 5.
struct Streams {
    int input;
    int output;
    int errors;
    int channel;
    int cancel;
    int report;
};

constexpr int reportFd = channel::cancelFd + 1;

// In the order of execution.
enum Step { Session, Descriptors, User, Privileges, Parent, Execute };
constexpr std::array<const char*, 6> stepNames{"creating a session",
                                               "placing its descriptors",
                                               "switching to the user",
                                               "dropping privileges",
                                               "requesting a signal at the parent's death",
                                               "executing it"};

struct Report {
    int step;
    int error;
};

bool placeAll(const Streams& streams) {
    return place(streams.input, STDIN_FILENO) && place(streams.output, STDOUT_FILENO) &&
           place(streams.errors, STDERR_FILENO) && place(streams.channel, channel::socketFd) &&
           place(streams.cancel, channel::cancelFd) &&
           ::dup3(streams.report, reportFd, O_CLOEXEC) == reportFd &&
           ::close_range(reportFd + 1, ~0U, 0) == 0;
}

bool changeUser(const std::optional<Identity>& identity) {
    return !identity ||
           (::setgroups(0, nullptr) == 0 && ::setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
            ::setresuid(identity->uid, identity->uid, identity->uid) == 0);
}

// Changing the user clears the death signal, so it is set afterwards; the parent may have died before that.
bool requestDeathSignal(pid_t parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return false;
    }
    errno = ESRCH;
    return ::getppid() == parent;
}

[[noreturn]] void become(const WorkerProgram& program, const std::optional<Identity>& identity,
                         const Streams& streams, pid_t parent, char* const* arguments,
                         char* const* environment) {
    resetSignals();
    Report report{.step = Session, .error = 0};
    int reportTo = streams.report;
    const auto next = [&report](int step) {
        report.step = step;
        return true;
    };
    const bool ready = ::setsid() >= 0 && next(Descriptors) && placeAll(streams) && next(User) &&
                       (reportTo = reportFd) >= 0 && (dropCapabilities(), changeUser(identity)) &&
                       next(Privileges) && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && next(Parent) &&
                       requestDeathSignal(parent) && next(Execute);
    if (ready) {
        ::execve(program.path.c_str(), arguments, environment);
    }
    report.error = errno;
    (void)!::write(reportTo, &report, sizeof report);
    ::_exit(127);
}

// The worker's environment: language and debugging, nothing that configures a library unexpectedly. Its
// standard error works like a journal: lines with their priority (log.cpp).
std::vector<std::string> workerEnvironment(int errors) {
    std::vector<std::string> variables{"PATH=/usr/bin:/bin", "BOOTFERRY_WORKER_PROCESS=1"};
    struct stat status {};
    if (::fstat(errors, &status) == 0) {
        variables.push_back(fmt::format("JOURNAL_STREAM={}:{}", status.st_dev, status.st_ino));
    }
    for (const char* name : {"LANG", "LC_ALL", "BOOTFERRY_LOG_LEVEL", "BOOTFERRY_PLUGIN_DIR", "ASAN_OPTIONS",
                             "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
        if (const auto value = environment(name)) {
            variables.push_back(fmt::format("{}={}", name, *value));
        }
    }
    return variables;
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
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, above);
    if (copy < 0 && errno == EINVAL) {
        errno = EMFILE; // the limit of open files is not above that
    }
    return UniqueFd(checkErrno(copy, "starting a worker"));
}

UniqueFd openNull() {
    const UniqueFd null(checkErrno(::open("/dev/null", O_RDWR | O_CLOEXEC), "opening /dev/null"));
    return duplicateAbove(null.get());
}

// Returns once the process executes the program, or throws what prevented it.
void awaitExec(const WorkerProgram& program, pid_t pid, const UniqueFd& reports) {
    Report report{};
    const auto count = TEMP_FAILURE_RETRY(::read(reports.get(), &report, sizeof report));
    if (count == 0) {
        return;
    }
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    const auto* step =
        count == sizeof report ? stepNames.at(static_cast<std::size_t>(report.step)) : "forking";
    const bool mayNot = report.step == User && report.error == EPERM;
    throw Error(mayNot ? ErrorCode::NotPermitted : ErrorCode::Io, report.error,
                fmt::format("starting the transfer process '{}': {}{}", program.path, step,
                            report.step == User
                                ? fmt::format(" '{}', for which root needs CAP_SETUID and CAP_SETGID (an "
                                              "ordinary user needs neither)",
                                              program.user.value_or(""))
                                : ""));
}

pid_t spawn(const WorkerProgram& program, std::vector<std::string> argumentTexts, Streams streams) {
    const auto identity = lookUp(program.user);
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "starting a worker");
    const UniqueFd reports(ends[0]);
    UniqueFd reporting(ends[1]);
    auto highReporting = duplicateAbove(reporting.get());
    reporting.reset();
    streams.report = highReporting.get();
    auto environmentTexts = workerEnvironment(streams.errors);
    const auto arguments = pointers(argumentTexts);
    const auto environment = pointers(environmentTexts);
    const auto parent = ::getpid();
    const auto pid = checkErrno(::fork(), "starting a worker");
    if (pid == 0) {
        become(program, identity, streams, parent, arguments.data(), environment.data());
    }
    highReporting.reset();
    awaitExec(program, pid, reports);
    return pid;
}

} // namespace

pid_t spawnWorker(const WorkerProgram& program, WorkerRole role, const UniqueFd& channel,
                  const UniqueFd& cancel, const UniqueFd& output) {
    const auto null = openNull();
    const auto highOutput = duplicateAbove(output.get());
    const auto highChannel = duplicateAbove(channel.get());
    const auto highCancel = duplicateAbove(cancel.get());
    std::vector<std::string> arguments{program.path};
    if (role == WorkerRole::Verifier) {
        arguments.emplace_back(verifierArgument);
    }
    return spawn(program, std::move(arguments),
                 {.input = null.get(),
                  .output = highOutput.get(),
                  .errors = highOutput.get(),
                  .channel = highChannel.get(),
                  .cancel = highCancel.get(),
                  .report = -1});
}

pid_t spawnPluginList(const WorkerProgram& program, std::vector<std::string> arguments,
                      const UniqueFd& output, const UniqueFd& errors) {
    arguments.insert(arguments.begin(), program.path);
    const auto null = openNull();
    const auto highOutput = duplicateAbove(output.get());
    const auto highErrors = duplicateAbove(errors.get());
    return spawn(program, std::move(arguments),
                 {.input = null.get(),
                  .output = highOutput.get(),
                  .errors = highErrors.get(),
                  .channel = null.get(),
                  .cancel = null.get(),
                  .report = -1});
}

pid_t spawnSignatureCheck(const WorkerProgram& program, const std::string& form,
                          const SignatureStreams& streams) {
    const auto input = duplicateAbove(streams.input.get());
    const auto output = duplicateAbove(streams.output.get());
    const auto errors = duplicateAbove(streams.errors.get());
    const auto keys = duplicateAbove(streams.keys.get());
    const auto other = duplicateAbove(streams.other.get());
    return spawn(program, {program.path, std::string(signatureArgument), form},
                 {.input = input.get(),
                  .output = output.get(),
                  .errors = errors.get(),
                  .channel = keys.get(),
                  .cancel = other.get(),
                  .report = -1});
}

} // namespace bootferry
