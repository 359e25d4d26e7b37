// SPDX-License-Identifier: LGPL-2.1-or-later
// A WorkerJob as it travels, written and read in one place so that the two cannot drift apart. Secrets travel
// here and not in argv or the environment, where other processes could read them; and in memory of the
// kernel's (memfd_create(2)), since a job has no bound that a packet would have.
#pragma once

#include "worker_process.h"

namespace bootferry {

// What the worker makes of it. URLs are without userinfo.
struct ReceivedJob {
    TransferRequest request;
    // Of the image's URL, each mirror's, and the checksum list's where there is one.
    std::vector<Credentials> credentials;
    std::string pluginDir;
    std::uint32_t attempt = 1;
};

[[nodiscard]] UniqueFd writeJob(const WorkerJob& job); // throws Error(Io)
[[nodiscard]] ReceivedJob readJob(int fd);             // throws Error(Io, Protocol, Invalid)

} // namespace bootferry
