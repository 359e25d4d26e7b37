// SPDX-License-Identifier: LGPL-2.1-or-later
// The installed plugins, listed by running the worker program: the service itself loads no plugin. The
// program runs once, and again when the plugin folder changes: any user may call this, and must not be able
// to make the service start processes at will.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "handles.h"
#include "plugin_list_process.h"

namespace bootferry {

class PluginListing {
public:
    PluginListing(sd_event* event, WorkerProgram program, std::string pluginDir);
    ~PluginListing(); // kills a running listing; its callers get no answer
    PluginListing(const PluginListing&) = delete;
    PluginListing& operator=(const PluginListing&) = delete;

    // Answers the call with a(ssas), now or later. refusal: if it is not empty, neither the folder is looked
    // at nor the program started: the last list, or this. Throws Error if the program cannot be started.
    void answer(sd_bus_message* call, const std::string& refusal);

private:
    struct Listing {
        std::uint64_t stamp; // of the folder
        std::chrono::steady_clock::time_point since;
        std::optional<std::string> list; // nullopt if the listing failed
    };
    void listed(std::optional<std::string> text);
    static void answerFrom(const Listing& listing, sd_bus_message* call);

    sd_event* event_;
    WorkerProgram program_;
    std::string pluginDir_;
    std::uint64_t stamp_ = 0; // of the folder, when the run began
    std::optional<Listing> last_;
    std::list<BusMessageHandle> waiting_;
    std::unique_ptr<PluginListProcess> run_;
};

} // namespace bootferry
