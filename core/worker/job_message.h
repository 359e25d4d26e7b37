// SPDX-License-Identifier: LGPL-2.1-or-later
// A serialised WorkerJob, written and read in one place so that the two cannot drift apart. Secrets are
// passed this way and not in argv or the environment, which other processes could read; and in kernel memory
// (memfd_create(2)), since a job may be larger than a packet.
#pragma once

#include "worker_process.h"

namespace bootferry {

// The job as the worker receives it. URLs have no userinfo.
struct ReceivedJob {
    JobPurpose purpose = JobPurpose::Transfer;
    TransferRequest request;
    // For the image's URL, each mirror, and the checksum list if there is one.
    std::vector<Credentials> credentials;
    std::string pluginDir;
    ProxyVariables proxies;
    std::uint32_t attempt = 1;
    std::string rootImage;
    bool withholdLogin = false; // in the plugin options: the URL is on another server than the image
};

[[nodiscard]] UniqueFd writeJob(const WorkerJob& job); // throws Error(Io)
[[nodiscard]] ReceivedJob readJob(int fd);             // throws Error(Io, Protocol, Invalid)

} // namespace bootferry
