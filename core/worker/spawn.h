// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts bootferry-transfer with as little as it needs: two descriptors, no environment but a language and a
// PATH, another user, no capabilities, and no way to get any back.
#pragma once

#include <sys/types.h>

#include "handles.h"
#include "worker_process.h"

namespace bootferry {

// Throws Error: no such user, no such program. The child is killed when the caller's thread dies.
[[nodiscard]] pid_t spawnWorker(const WorkerProgram& program, const UniqueFd& channel,
                                const UniqueFd& cancel);

// The same program as `--list-plugins`, which writes to output.
[[nodiscard]] pid_t spawnPluginList(const WorkerProgram& program, const UniqueFd& output);

} // namespace bootferry
