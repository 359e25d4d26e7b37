// SPDX-License-Identifier: LGPL-2.1-or-later
// The installed plugins, asked of the worker program: the service itself loads none.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "handles.h"
#include "worker_process.h"

namespace bootferry {

class PluginListing {
public:
    PluginListing(sd_event* event, WorkerProgram program);
    ~PluginListing(); // ends what still runs; its callers get no answer
    PluginListing(const PluginListing&) = delete;
    PluginListing& operator=(const PluginListing&) = delete;

    // Answers the call with a(ssas), later. Throws Error where the program cannot be started.
    void answer(sd_bus_message* call);

private:
    class Run;
    sd_event* event_;
    WorkerProgram program_;
    std::list<std::unique_ptr<Run>> runs_;
};

} // namespace bootferry
