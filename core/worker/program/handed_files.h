// SPDX-License-Identifier: LGPL-2.1-or-later
// The files that a job's options name, as handed over by the supervisor: requested once, before the network
// is used, then available by name to each session.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "plugin_session.h"
#include "supervisor_channel.h"

namespace bootferry {

class HandedFiles {
public:
    explicit HandedFiles(SupervisorChannel& supervisor) : supervisor_(&supervisor) {}

    // name: "/proc/self/fd/N", or the path itself if the supervisor does not hand the file over. Callable
    // from any thread.
    [[nodiscard]] OptionFile fileAt(const std::string& path);
    // The requested paths that are folders, which are not handed over.
    [[nodiscard]] const std::vector<std::string>& folders() const { return folders_; }
    [[nodiscard]] bool any() const { return !known_.empty(); } // a file was requested
    void complete();                                           // no requests to the supervisor from now on

private:
    std::mutex mutex_;
    SupervisorChannel* supervisor_;
    std::map<std::string, OptionFile> known_;
    std::vector<UniqueFd> descriptors_;
    std::vector<std::string> folders_;
};

} // namespace bootferry
