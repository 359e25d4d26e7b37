// SPDX-License-Identifier: LGPL-2.1-or-later
// One fetch, from the request to the file.
#pragma once

#include <cstdint>
#include <functional>

#include "chosen_target.h"
#include "errors.h"
#include "fetch_report.h"
#include "worker_process.h"

namespace bootferry {

// What a fetch for a boot has beside the request.
struct BootFetch {
    std::uint64_t largest = unknownSize;           // bytes of the file, at most
    std::function<void(const Error&)> failed = {}; // called with the reason
};

// Returns the exit status (exit_status.h), after report.done() or report.failed(). Throws Error if the fetch
// cannot begin.
[[nodiscard]] int runFetchJob(WorkerJob job, ChosenTarget target, FetchReport& report, BootFetch boot = {});

} // namespace bootferry
