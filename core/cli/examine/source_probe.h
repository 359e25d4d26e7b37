// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one worker that probes sources and transfers nothing, in the same sandbox as for a fetch, and
// returns its reports. For the verbs that answer questions before a boot: explain, check, verify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "worker_process.h"

namespace bootferry {

struct ProbeResult {
    std::optional<Error> failure; // of the job as a whole; Cancelled after SIGINT, SIGTERM or SIGHUP
    std::string plugin;           // "curl 0.1.0"
    std::vector<ProbedSource> sources;
    std::optional<std::string> checksum; // from the list
    std::optional<Error> checksumFailure;
};

// Blocks. rootImage: with JobPurpose::Probe, the path of the root image to look for. Throws Error if the
// worker cannot be started.
[[nodiscard]] ProbeResult runSourceProbe(TransferRequest request, JobPurpose purpose,
                                         std::string rootImage = {});

} // namespace bootferry
