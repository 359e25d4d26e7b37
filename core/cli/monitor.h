// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl monitor [TRANSFER]`: every change as it happens. On a terminal the progress of a transfer is
// one line that is redrawn; elsewhere, and with --json=, each change is a line of its own.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

// Exit status: 0 when it was ended (SIGINT) or the transfer is done, 1 when that failed or the service went.
[[nodiscard]] int runMonitor(const std::vector<std::string>& arguments);

} // namespace bootferry
