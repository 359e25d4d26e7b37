// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum that the image must have: the job states it, or names a list on a server (SHA256SUMS) that
// states it. The list is read to its end before the image begins, because it says which digest to compute.
#pragma once

#include <optional>

#include "digest.h"
#include "progress_reporter.h"
#include "worker_process.h"

namespace bootferry {

struct ExpectedChecksum {
    Checksum checksum;
    std::string origin; // for people: the list's URL; empty if the job states the checksum itself
};

// nullopt if none is asked for. Fetches the list, for as long as that takes. Throws Error whose text names
// the list: what the transfer of the list throws, TooLarge for something too large to be a list, and what
// findChecksum() throws.
[[nodiscard]] std::optional<ExpectedChecksum> expectedChecksum(const WorkerJob& job,
                                                               ProgressReporter& reporter);

} // namespace bootferry
