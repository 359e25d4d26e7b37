// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of the worker program that only lists plugins or their options. Plugins are third-party code, which
// privileged processes must not load. The size of the output and the time are limited; standard error goes to
// the log.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "handles.h"
#include "limited_process.h"
#include "worker_output.h"
#include "worker_process.h"

namespace bootferry {

enum class PluginListKind {
    Plugins, // a line for each: NAME, VERSION, and the schemes separated by spaces
    Options, // a line for each option: PLUGIN, KEY, HELP
    // Of one module, a line for each fact, which begins with its kind: "plugin" NAME, VERSION, ABI, size of
    // the table; "scheme" NAME; "need" WORD; "offer" WORD; "option" KEY, HELP; then "end". Or "error" TEXT.
    Description,
}; // the fields of a line are separated by tabs

class PluginListProcess {
public:
    // Called once, with the unchecked output (takeListField() sanitises a field), or with nullopt if the
    // process failed. May destroy the object.
    using Listed = std::function<void(std::optional<std::string>)>;

    // Throws Error if the program cannot be started. `event` must outlive the object. module: the path, for a
    // description.
    PluginListProcess(sd_event* event, const WorkerProgram& program, PluginListKind kind, Listed listed,
                      const std::string& module = {});
    ~PluginListProcess() = default; // kills a running process, without calling listed
    PluginListProcess(const PluginListProcess&) = delete;
    PluginListProcess& operator=(const PluginListProcess&) = delete;

private:
    void ended(const siginfo_t& exit);

    Listed listed_;
    ProcessOutput output_;
    std::optional<WorkerOutput> errors_;
    std::optional<LimitedProcess> process_; // last: it calls ended()
};

// Removes the first field from the line and returns it as plain text of at most 128 bytes.
[[nodiscard]] std::string takeListField(std::string_view& line);

} // namespace bootferry
