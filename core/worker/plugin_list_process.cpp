// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_list_process.h"

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "descriptors.h"
#include "plain_text.h"
#include "spawn.h"

namespace bootferry {
namespace {

constexpr std::size_t longestList = 256U * 1024U;
constexpr std::size_t longestField = 128;
constexpr std::chrono::seconds timeLimit{10};

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
    : listed_(std::move(listed)), output_(event, longestList) {
    auto [errors, theirErrors] = makePipe();
    errors_.emplace(event, std::move(errors));
    process_.emplace(event,
                     spawnPluginList(program, argumentsFor(kind, module), output_.theirs(), theirErrors),
                     timeLimit, [this](const siginfo_t& exit) { ended(exit); });
    output_.started();
}

void PluginListProcess::ended(const siginfo_t& exit) {
    output_.drain();
    errors_->drain();
    const bool good = exit.si_code == CLD_EXITED && exit.si_status == 0;
    const auto listed = std::move(listed_); // the call may destroy this
    listed(good ? std::optional(output_.text()) : std::nullopt);
}

std::string takeListField(std::string_view& line) {
    const auto end = std::min(line.find('\t'), line.size());
    auto field = plainText(line.substr(0, end), longestField);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

} // namespace bootferry
