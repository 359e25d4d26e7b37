// SPDX-License-Identifier: LGPL-2.1-or-later
// The child writes its verdict to a pipe: a letter and a text. Without a verdict it has crashed or was killed
// by the time limit.
#include "isolated_run.h"

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <linux/capability.h>
#include <spdlog/fmt/fmt.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conduct_checks.h"
#include "errors.h"
#include "sandbox.h"

namespace bootferry {
namespace {

// Keeps the user, unlike a worker that root starts: the files that options name are not handed over here.
void dropCapabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    checkErrno(static_cast<int>(syscall(SYS_capset, &header, none.data())), "dropping capabilities");
}

void load(CheckSettings& settings) {
    try {
        settings.plugin.module = &PluginModule::load(settings.modulePath);
        settings.plugin.module->requireScheme(settings.scheme);
    } catch (const Error& error) {
        throw Fault(error.what());
    }
}

std::uint32_t needsOf(const PluginUnderTest& plugin) {
    auto needs = plugin.module->needs("");
    for (const auto& [key, value] : plugin.options) {
        needs |= plugin.module->needs(key);
    }
    return needs;
}

// The worker has the files of its options handed over; here the plugin opens them.
std::vector<std::string> readableFor(const CheckSettings& settings) {
    std::vector<std::string> paths{std::filesystem::path(settings.modulePath).parent_path()};
    for (const auto& [key, value] : settings.plugin.options) {
        if (value.starts_with('/')) {
            paths.push_back(value);
        }
    }
    return paths;
}

// In the order of the worker: the module is loaded in the sandbox, which is then narrowed to what it needs.
std::string verdictOf(const Check& check, CheckSettings& settings, bool sandboxed) {
    try {
        openOwnFolders();
        if (sandboxed) {
            dropCapabilities();
            enterSandbox();
        }
        load(settings);
        if (sandboxed) {
            narrowSandbox(needsOf(settings.plugin), readableFor(settings));
        }
        check.run(settings);
        return "p";
    } catch (const Skipped& skipped) {
        return std::string("s") + skipped.what();
    } catch (const Late& fault) {
        return std::string("l") + fault.what();
    } catch (const Fault& fault) {
        return std::string("f") + fault.what();
    } catch (const std::exception& error) {
        return fmt::format("uthe check itself failed: {}", error.what());
    }
}

[[noreturn]] void runChild(const Check& check, CheckSettings& settings, int pipe,
                           const Isolation& isolation) {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // as in the worker
    std::signal(SIGALRM, SIG_DFL);
    alarm(static_cast<unsigned>(isolation.limit.count()));
    const auto verdict = verdictOf(check, settings, isolation.sandboxed);
    const auto written = write(pipe, verdict.data(), verdict.size());
    _exit(written == static_cast<ssize_t>(verdict.size()) ? 0 : 1);
}

std::string readAll(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = read(fd, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

// A call that has only just begun is not what the time went into.
CheckResult outOfTime(const std::optional<CallRecord::Running>& call, std::chrono::seconds limit) {
    using Seconds = std::chrono::duration<double>;
    if (call && call->since >= limit / 2) {
        return {.verdict = CheckResult::Verdict::Failed,
                .reason = fmt::format("{} did not return within {:.0f} s", call->name,
                                      Seconds(call->since).count())};
    }
    return {.verdict = CheckResult::Verdict::Undecided,
            .reason =
                fmt::format("the check did not end within {} s, though no call hung: use a smaller resource, "
                            "or a longer --time-limit",
                            limit.count())};
}

CheckResult howItDied(int status, const CallRecord& calls, std::chrono::seconds limit) {
    const auto call = calls.running();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        return outOfTime(call, limit);
    }
    const auto what =
        WIFSIGNALED(status)
            ? fmt::format("crashed (signal {}, SIG{})", WTERMSIG(status), sigabbrev_np(WTERMSIG(status)))
            : fmt::format("ended the process with status {}", WEXITSTATUS(status));
    if (call) {
        return {.verdict = CheckResult::Verdict::Failed, .reason = fmt::format("{} {}", call->name, what)};
    }
    return {.verdict = CheckResult::Verdict::Failed,
            .reason = fmt::format(
                "something {} outside of the calls: a thread of the plugin's, its loading, or the "
                "checker itself",
                what)};
}

CheckResult::Verdict verdictFrom(char letter) {
    switch (letter) {
    case 'p':
        return CheckResult::Verdict::Passed;
    case 's':
        return CheckResult::Verdict::Skipped;
    case 'l':
        return CheckResult::Verdict::Late;
    case 'u':
        return CheckResult::Verdict::Undecided;
    default:
        return CheckResult::Verdict::Failed;
    }
}

} // namespace

CheckResult runIsolated(const Check& check, CheckSettings& settings, const Isolation& isolation) {
    CallRecord calls;
    settings.plugin.calls = &calls;
    std::array<int, 2> ends{};
    checkErrno(pipe2(ends.data(), O_CLOEXEC), "making a pipe");
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    const auto child = checkErrno(fork(), "forking");
    if (child == 0) {
        runChild(check, settings, writeEnd.get(), isolation);
    }
    writeEnd.reset();
    const auto answer = readAll(readEnd.get());
    int status = 0;
    checkErrno(waitpid(child, &status, 0), "waiting for the check");
    settings.plugin.calls = nullptr;
    if (status != 0 || answer.empty()) {
        return howItDied(status, calls, isolation.limit);
    }
    return {.verdict = verdictFrom(answer[0]), .reason = answer.substr(1)};
}

} // namespace bootferry
