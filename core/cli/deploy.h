// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl deploy URL DEVICE`: starts a transfer in bootferryd and waits for its end. Shows the progress
// on the console, the reason of a failure as the last line, and the result as exit status. The boot's unit
// runs it.
#pragma once

#include "command_line.h"

namespace bootferry {

// Returns the exit status (exit_status.h); the reason of a failure is on standard error.
[[nodiscard]] int runDeploy(const CommandLine& line);

// `bootferryctl refuse REASON`: fails the boot for a kernel command line that cannot be honoured. Returns 1.
[[nodiscard]] int runRefuse(const CommandLine& line);

// `bootferryctl remark TEXT`: logs TEXT as a warning, for units. Returns 0.
[[nodiscard]] int runRemark(const CommandLine& line);

} // namespace bootferry
