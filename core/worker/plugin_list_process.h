// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of the worker program that lists plugins or their options instead of transferring something: they
// are third-party code, which no privileged process loads. What it writes is bounded, and so is its time; its
// errors go to the log.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "handles.h"
#include "worker_output.h"
#include "worker_process.h"

namespace bootferry {

enum class PluginListKind {
    Plugins, // a line for each: NAME, VERSION, and the schemes separated by spaces
    Options, // a line for each option: PLUGIN, KEY, HELP
};           // the fields of a line are separated by tabs

class PluginListProcess {
public:
    // Called once, with the text as it came (fields need cleaning, as by takeListField()), or nullopt if the
    // process has failed. May destroy the object.
    using Listed = std::function<void(std::optional<std::string>)>;

    // Throws Error if the program cannot be started. `event` must outlive the object.
    PluginListProcess(sd_event* event, const WorkerProgram& program, PluginListKind kind, Listed listed);
    ~PluginListProcess(); // kills a running process, without calling listed
    PluginListProcess(const PluginListProcess&) = delete;
    PluginListProcess& operator=(const PluginListProcess&) = delete;

private:
    void watch(sd_event* event);
    void killAndReap() noexcept;
    bool read(); // true if something was read: there may be more
    static int onTimeLimit(sd_event_source*, std::uint64_t, void* userdata);
    static int onOutput(sd_event_source* source, int, std::uint32_t events, void* userdata);
    static int onExit(sd_event_source*, const siginfo_t* info, void* userdata);

    Listed listed_;
    UniqueFd output_;
    std::optional<WorkerOutput> errors_;
    pid_t pid_ = -1;
    std::string text_;
    EventSourceHandle child_;
    EventSourceHandle input_;
    EventSourceHandle timeLimit_;
};

// Takes the first field of a line off it: one line of plain text, of at most 128 bytes.
[[nodiscard]] std::string takeListField(std::string_view& line);

} // namespace bootferry
