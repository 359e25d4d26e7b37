// SPDX-License-Identifier: LGPL-2.1-or-later
// The child writes its verdict to a pipe: a letter and a text. Without a verdict it has crashed, or was
// killed at the time limit: by the parent, since timers belong to what a plugin may change.
#include "isolated_run.h"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "errors.h"
#include "guarded_memory.h"
#include "open_resources.h"
#include "process_state.h"
#include "sandbox.h"
#include "sanitized.h"

namespace bootferry {
namespace {

// Keeps the user, unlike a worker that root starts: the files that options name are not handed over here.
void dropCapabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    checkErrno(static_cast<int>(syscall(SYS_capset, &header, none.data())), "dropping capabilities");
}

// The whole list of a plugin for another scheme is as useful as the name of this one.
void requireScheme(const CheckSettings& settings) {
    const auto& schemes = settings.plugin.module->schemes();
    if (std::find(schemes.begin(), schemes.end(), settings.scheme) == schemes.end()) {
        throw Fault(fmt::format("the URL's scheme is '{}', and the module's table lists: {}", settings.scheme,
                                fmt::join(schemes, ", ")));
    }
}

// What constructors and the entry do to the process is found here, not in the first call.
void load(CheckSettings& settings, const ProcessState& before) {
    constexpr const char* what = "loading the module (constructors, bootferry_plugin_entry)";
    const auto threads = ownThreads();
    settings.plugin.calls->begin(what);
    try {
        settings.plugin.module = &PluginModule::load(settings.modulePath);
    } catch (const Error& error) {
        throw Fault(error.what());
    }
    settings.plugin.calls->end();
    if (newThreads(threads) > 0) {
        throw Fault(fmt::format("{} started a thread, which only open and later calls may do", what));
    }
    if (const auto change = before.changeUntil({})) {
        throw Fault(fmt::format("{} {}", what, *change));
    }
    requireScheme(settings);
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

// That of a worker. What begins like the last ones is a plugin's way to have a switch in this tool alone.
void limitEnvironment() {
    constexpr std::array kept{std::string_view("LANG="),         std::string_view("LC_ALL="),
                              std::string_view("ASAN_OPTIONS="), std::string_view("UBSAN_OPTIONS="),
                              std::string_view("LSAN_OPTIONS="), std::string_view("BOOTFERRY_")};
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (std::any_of(kept.begin(), kept.end(), [&](auto begin) { return text.starts_with(begin); })) {
            variables.emplace_back(text);
        }
    }
    // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
    (void)::clearenv();
    (void)::setenv("PATH", "/usr/bin:/bin", 1);
    for (const auto& text : variables) {
        const auto equals = text.find('=');
        (void)::setenv(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str(), 1);
    }
    // NOLINTEND(concurrency-mt-unsafe)
}

// In the order of the worker: the module is loaded in the sandbox, which is then narrowed to what it needs.
std::string verdictOf(const Check& check, CheckSettings& settings, bool sandboxed) {
    try {
        openOwnFolders();
        prepareProcessState();
        explainCrashes(settings.plugin.calls->crashReason());
        if (sandboxed) {
            dropCapabilities();
            enterSandbox();
        }
        load(settings, {});
        if (sandboxed && !check.readsProc) {
            narrowSandbox(needsOf(settings.plugin), readableFor(settings));
        }
        const ProcessState before;
        settings.plugin.before = &before;
        check.run(settings);
        if (const auto fault = settings.plugin.calls->takeFault()) {
            throw Fault(*fault);
        }
        return "p" + settings.remark;
    } catch (const Skipped& skipped) {
        return std::string("s") + skipped.what();
    } catch (const Unreached& fault) {
        return std::string("n") + fault.what();
    } catch (const Late& fault) {
        return std::string("l") + fault.what();
    } catch (const Fault& fault) {
        return std::string("f") + fault.what();
    } catch (const std::exception& error) {
        return fmt::format("uthe check itself failed: {}", error.what());
    }
}

[[noreturn]] void runChild(const Check& check, CheckSettings& settings, int pipe, bool sandboxed) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // as in the worker
    limitEnvironment();
    const auto verdict = verdictOf(check, settings, sandboxed);
    const auto written = write(pipe, verdict.data(), verdict.size());
    if (check.exits && verdict.starts_with('p') && !BOOTFERRY_SANITIZED) {
        settings.plugin.calls->begin("the end of the process (atexit handlers, destructors of the module)");
        std::exit(0); // NOLINT(concurrency-mt-unsafe): the plugin's threads have ended
    }
    _exit(written == static_cast<ssize_t>(verdict.size()) ? 0 : 1);
}

// What the child writes until it closes the pipe. Nothing if that is not before the time is up.
std::optional<std::string> readAll(int fd, CallRecord::Clock::time_point end) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - CallRecord::Clock::now()).count();
        pollfd pipe{.fd = fd, .events = POLLIN, .revents = 0};
        if (left <= 0 || poll(&pipe, 1, static_cast<int>(std::min<decltype(left)>(left, INT_MAX))) < 0) {
            return std::nullopt;
        }
        if (pipe.revents == 0) {
            continue;
        }
        const auto count = read(fd, buffer.data(), buffer.size());
        if (count <= 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

// A call that has only just begun is not what the time went into.
CheckResult outOfTime(const CallRecord& calls, std::chrono::seconds limit) {
    using Seconds = std::chrono::duration<double>;
    if (const auto call = calls.running(); call && call->since >= limit / 2) {
        return {.verdict = CheckResult::Verdict::Failed,
                .reason = fmt::format("{} did not return within {:.0f} s", call->name,
                                      Seconds(call->since).count())};
    }
    std::string where;
    std::string advice = "use a smaller resource, or a longer --time-limit";
    if (const auto spent = calls.longest()) {
        where = fmt::format("{:.1f} s went into {} calls of {}; ", Seconds(spent->time).count(), spent->calls,
                            spent->name);
        const std::string_view name = spent->name;
        if (name == "session_new" || name == "set_option" || name == "info" || name == "session_free") {
            advice = fmt::format("{} must not block", name);
        }
    }
    return {.verdict = CheckResult::Verdict::Undecided,
            .reason = fmt::format("the check did not end within {} s, though no call hung: {}{}",
                                  limit.count(), where, advice)};
}

CheckResult howItDied(int status, const CallRecord& calls) {
    const auto call = calls.running();
    // Neither a plugin that crashes nor the checker ends so; the kernel does, where memory is short.
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return {.verdict = CheckResult::Verdict::Undecided,
                .reason = "the check was killed from outside (signal 9, SIGKILL); is there enough memory?"};
    }
    auto what = WIFSIGNALED(status) ? fmt::format("crashed (signal {}, SIG{})", WTERMSIG(status),
                                                  sigabbrev_np(WTERMSIG(status)))
                                    : fmt::format("ended the process with status {}", WEXITSTATUS(status));
    if (const auto* reason = calls.crashReason(); reason != nullptr) {
        what += fmt::format(": it {}", reason);
    }
    if (call) {
        return {.verdict = CheckResult::Verdict::Failed, .reason = fmt::format("{} {}", call->name, what)};
    }
    return {.verdict = CheckResult::Verdict::Failed,
            .reason = fmt::format(
                "something outside of the calls (a thread of the plugin's, or the checker itself) {}", what)};
}

CheckResult::Verdict verdictFrom(char letter) {
    switch (letter) {
    case 'p':
        return CheckResult::Verdict::Passed;
    case 's':
        return CheckResult::Verdict::Skipped;
    case 'l':
        return CheckResult::Verdict::Late;
    case 'n':
        return CheckResult::Verdict::Unreached;
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
    auto [readEnd, writeEnd] = makePipe();
    const auto child = checkErrno(fork(), "forking");
    if (child == 0) {
        runChild(check, settings, writeEnd.get(), isolation.sandboxed);
    }
    writeEnd.reset();
    const auto answer = readAll(readEnd.get(), CallRecord::Clock::now() + isolation.limit);
    if (!answer) {
        (void)kill(child, SIGSTOP); // the record stays as it is
        auto result = outOfTime(calls, isolation.limit);
        (void)kill(child, SIGKILL);
        checkErrno(waitpid(child, nullptr, 0), "waiting for the check");
        settings.plugin.calls = nullptr;
        return result;
    }
    int status = 0;
    checkErrno(waitpid(child, &status, 0), "waiting for the check");
    settings.plugin.calls = nullptr;
    if (status != 0 || answer->empty()) {
        return howItDied(status, calls);
    }
    return {.verdict = verdictFrom((*answer)[0]), .reason = answer->substr(1)};
}

} // namespace bootferry
