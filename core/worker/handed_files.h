// SPDX-License-Identifier: LGPL-2.1-or-later
// The files that a job's options name, as handed over by the supervisor: requested once, before the network
// is used, then available by name to each session.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "supervisor_channel.h"

namespace bootferry {

class HandedFiles {
public:
    explicit HandedFiles(SupervisorChannel& supervisor) : supervisor_(&supervisor) {}

    // "/proc/self/fd/N", or path itself if the supervisor has no such file. Callable from any thread.
    [[nodiscard]] std::string nameOf(const std::string& path);
    void complete(); // no requests to the supervisor from now on

private:
    std::mutex mutex_;
    SupervisorChannel* supervisor_;
    std::map<std::string, std::string> names_;
    std::vector<UniqueFd> files_;
};

} // namespace bootferry
