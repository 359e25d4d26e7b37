// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_list_process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain_text.h"
#include "spawn.h"

namespace bootferry {
namespace {

constexpr std::size_t longestList = 256U * 1024U;
constexpr std::size_t longestField = 128;
constexpr std::uint64_t timeLimitUSec = 10'000'000;

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "creating a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<std::string> argumentsFor(PluginListKind kind, const std::string& module) {
    switch (kind) {
    case PluginListKind::Plugins:
        return {"--list-plugins"};
    case PluginListKind::Options:
        return {"--list-options"};
    case PluginListKind::Description:
        break;
    }
    return {"--describe-plugin", module};
}

} // namespace

PluginListProcess::PluginListProcess(sd_event* event, const WorkerProgram& program, PluginListKind kind,
                                     Listed listed, const std::string& module)
    : listed_(std::move(listed)) {
    auto [output, theirOutput] = makePipe();
    auto [errors, theirErrors] = makePipe();
    output_ = std::move(output);
    checkErrno(::fcntl(output_.get(), F_SETFL, O_NONBLOCK), "creating a pipe");
    errors_.emplace(event, std::move(errors));
    pid_ = spawnPluginList(program, argumentsFor(kind, module), theirOutput, theirErrors);
    try {
        watch(event);
    } catch (const Error&) {
        killAndReap();
        throw;
    }
}

PluginListProcess::~PluginListProcess() {
    killAndReap();
}

void PluginListProcess::watch(sd_event* event) {
    child_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_child(event, source, pid_, WEXITED, onExit, this);
        },
        "watching a process");
    input_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event, source, output_.get(), EPOLLIN, onOutput, this);
        },
        "watching a pipe");
    timeLimit_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_time_relative(event, source, CLOCK_MONOTONIC, timeLimitUSec, 0, onTimeLimit,
                                              this);
        },
        "timing a process");
}

void PluginListProcess::killAndReap() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
}

int PluginListProcess::onTimeLimit(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<PluginListProcess*>(userdata);
    if (self.pid_ > 0) {
        ::kill(self.pid_, SIGKILL); // onExit() follows
    }
    return 0;
}

bool PluginListProcess::read() {
    std::array<char, 4096> chunk{};
    const auto n = TEMP_FAILURE_RETRY(::read(output_.get(), chunk.data(), chunk.size()));
    if (n > 0 && text_.size() < longestList) {
        text_.append(chunk.data(), static_cast<std::size_t>(n));
    }
    return n > 0;
}

int PluginListProcess::onOutput(sd_event_source* source, int, std::uint32_t events, void* userdata) {
    auto& self = *static_cast<PluginListProcess*>(userdata);
    if (!self.read() && (events & EPOLLHUP) != 0) {
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
    }
    return 0;
}

int PluginListProcess::onExit(sd_event_source*, const siginfo_t* info, void* userdata) {
    auto& self = *static_cast<PluginListProcess*>(userdata);
    self.pid_ = -1; // sd-event reaps it
    while (self.read()) {
    }
    self.errors_->drain();
    const bool good = info->si_code == CLD_EXITED && info->si_status == 0;
    const auto listed = std::move(self.listed_); // the call may destroy self
    listed(good ? std::optional(std::move(self.text_)) : std::nullopt);
    return 0;
}

std::string takeListField(std::string_view& line) {
    const auto end = std::min(line.find('\t'), line.size());
    auto field = plainText(line.substr(0, end), longestField);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

} // namespace bootferry
