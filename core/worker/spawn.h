// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts bootferry-transfer with as little as it needs: two descriptors, no environment but a language and a
// PATH, another user, no capabilities, and no way to get any back.
#pragma once

#include <sys/types.h>

#include "handles.h"
#include "worker_process.h"

namespace bootferry {

// Returns when it runs. Throws Error: no such user, no such program, and which step failed. The child is
// killed when the caller's thread dies. What it prints goes to output, a pipe (worker_output.h).
[[nodiscard]] pid_t spawnWorker(const WorkerProgram& program, const UniqueFd& channel, const UniqueFd& cancel,
                                const UniqueFd& output);

// The same program as `--list-plugins`, which writes the list to output.
[[nodiscard]] pid_t spawnPluginList(const WorkerProgram& program, const UniqueFd& output,
                                    const UniqueFd& errors);

} // namespace bootferry
