// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at a source without transferring it: reads at most its first MiB, asks once whether it can be
// resumed, and reports what that tells. The head is decoded and examined here, in the sandbox, and nowhere
// else.
#pragma once

#include "handed_files.h"
#include "job_message.h"
#include "supervisor_channel.h"

namespace bootferry {

// The whole of a job whose purpose is not Transfer. Throws Error if its options are refused.
void runLook(const ReceivedJob& job, SupervisorChannel& supervisor, HandedFiles& files);

} // namespace bootferry
