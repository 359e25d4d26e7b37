// SPDX-License-Identifier: LGPL-2.1-or-later
// The files that the options of a job name, as the supervisor handed them over: asked for once, before the
// network is touched, then known to each session by name.
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

    // "/proc/self/fd/N", or path itself where the supervisor has no such file. From any thread.
    [[nodiscard]] std::string nameOf(const std::string& path);
    void complete(); // from now on the supervisor is not asked any more

private:
    std::mutex mutex_;
    SupervisorChannel* supervisor_;
    std::map<std::string, std::string> names_;
    std::vector<UniqueFd> files_;
};

} // namespace bootferry
