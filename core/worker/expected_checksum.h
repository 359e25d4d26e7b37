// SPDX-License-Identifier: LGPL-2.1-or-later
// What the image's checksum is to be, as the job has it or as the list says that the job names.
#pragma once

#include <optional>

#include "digest.h"
#include "progress_reporter.h"
#include "worker_process.h"

namespace bootferry {

struct ExpectedChecksum {
    Checksum checksum;
    std::string origin; // for people, where somebody else than the job said it: the list's URL
};

// Nothing: none is wanted. Fetches the list, as long as that takes; throws Error as fetchChecksum() does.
[[nodiscard]] std::optional<ExpectedChecksum> expectedChecksum(const WorkerJob& job,
                                                               ProgressReporter& reporter);

} // namespace bootferry
