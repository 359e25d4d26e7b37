// SPDX-License-Identifier: LGPL-2.1-or-later
// A WorkerJob as it travels, written and read in one place so that the two cannot drift apart. Secrets travel
// here and not in argv or the environment, where other processes could read them; and in memory of the
// kernel's (memfd_create(2)), since a job has no bound that a packet would have.
#pragma once

#include "worker_process.h"

namespace bootferry {

[[nodiscard]] UniqueFd writeJob(const WorkerJob& job); // throws Error(Io)
[[nodiscard]] WorkerJob readJob(int fd);               // throws Error(Io, Protocol, Invalid)

} // namespace bootferry
