// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl monitor [TRANSFER]`: shows every change as it happens. On a terminal the progress of a
// transfer is one line that is redrawn; elsewhere, and with --json=, each change is a line of its own. A
// transfer that ended earlier is shown only if it is TRANSFER.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status (exit_status.h): with TRANSFER its result; else 0 after SIGINT. 30 if bootferryd exited.
[[nodiscard]] int runMonitor(const CommandLine& line);

} // namespace bootferry
