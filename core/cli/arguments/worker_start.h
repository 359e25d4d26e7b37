// SPDX-License-Identifier: LGPL-2.1-or-later
// How the verbs that need no service start a worker: with the installed program and plugins, or those that
// the environment names (bootferryctl(1), ENVIRONMENT), and never as root.
#pragma once

#include <memory>

#include "worker_process.h"

namespace bootferry {

[[nodiscard]] WorkerProgram workerProgram();
[[nodiscard]] std::string pluginFolder();

// Fills in the job's plugin folder. Logs if the worker runs as another user than the usual one. Throws Error;
// `event` and `listener` must outlive the result.
[[nodiscard]] std::unique_ptr<WorkerProcess> startWorker(sd_event* event, WorkerJob job,
                                                         WorkerListener& listener);

// A warning for each option of a plugin that serves none of the request's URLs.
void warnOfUnusedOptions(const TransferRequest& request);

} // namespace bootferry
