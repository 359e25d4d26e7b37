// SPDX-License-Identifier: LGPL-2.1-or-later
// The child writes its verdict to a pipe: a letter and a text. Without a verdict it has crashed or was killed
// by the time limit.
#include "isolated_run.h"

#include <array>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

std::string verdictOf(const Check& check, CheckSettings& settings) {
    try {
        settings.plugin.module = &PluginModule::load(settings.modulePath);
        settings.plugin.module->requireScheme(settings.scheme);
        check.run(settings);
        return "p";
    } catch (const Skipped& skipped) {
        return std::string("s") + skipped.what();
    } catch (const std::exception& fault) {
        return std::string("f") + fault.what();
    }
}

[[noreturn]] void runChild(const Check& check, CheckSettings& settings, int pipe,
                           std::chrono::seconds limit) {
    std::signal(SIGPIPE, SIG_IGN); // as in the worker
    std::signal(SIGALRM, SIG_DFL);
    alarm(static_cast<unsigned>(limit.count()));
    const auto verdict = verdictOf(check, settings);
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

std::string howItDied(int status, std::chrono::seconds limit) {
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        return signal == SIGALRM
                   ? fmt::format("a call did not return within {} s", limit.count())
                   : fmt::format("the plugin crashed (signal {}, SIG{})", signal, sigabbrev_np(signal));
    }
    return fmt::format("the plugin ended the process with status {}", WEXITSTATUS(status));
}

} // namespace

CheckResult runIsolated(const Check& check, CheckSettings& settings, std::chrono::seconds limit) {
    std::array<int, 2> ends{};
    checkErrno(pipe2(ends.data(), O_CLOEXEC), "making a pipe");
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    const auto child = checkErrno(fork(), "forking");
    if (child == 0) {
        runChild(check, settings, writeEnd.get(), limit);
    }
    writeEnd.reset();
    const auto answer = readAll(readEnd.get());
    int status = 0;
    checkErrno(waitpid(child, &status, 0), "waiting for the check");
    if (status != 0 || answer.empty()) {
        return {.verdict = CheckResult::Verdict::Failed, .reason = howItDied(status, limit)};
    }
    const auto verdict = answer[0] == 'p'   ? CheckResult::Verdict::Passed
                         : answer[0] == 's' ? CheckResult::Verdict::Skipped
                                            : CheckResult::Verdict::Failed;
    return {.verdict = verdict, .reason = answer.substr(1)};
}

} // namespace bootferry
