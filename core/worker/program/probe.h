// SPDX-License-Identifier: LGPL-2.1-or-later
// Probes a source without transferring it: reads at most its first MiB, tries once to resume, and reports
// the results. The head is decoded and examined only here, in the sandbox.
#pragma once

#include "handed_files.h"
#include "job_message.h"
#include "supervisor_channel.h"

namespace bootferry {

// Runs a job whose purpose is not Transfer. Throws Error if its options are refused.
void runProbe(const ReceivedJob& job, SupervisorChannel& supervisor, HandedFiles& files);

} // namespace bootferry
