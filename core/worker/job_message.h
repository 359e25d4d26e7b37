// SPDX-License-Identifier: LGPL-2.1-or-later
// A WorkerJob as D-Bus has it, written and read in one place so that the two cannot drift apart. Secrets
// travel here and not in argv or the environment, where other processes could read them.
#pragma once

#include "worker_process.h"

namespace bootferry {

void appendJob(sd_bus_message* message, const WorkerJob& job); // throws Error(Io)
[[nodiscard]] WorkerJob readJob(sd_bus_message* message);      // throws Error(Io, Invalid)

} // namespace bootferry
