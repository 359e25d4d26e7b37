// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl explain [LINE]`: what a kernel command line means, before the reboot. Calls the generator's
// own code, so that the two cannot disagree. Plugin options are checked by the installed plugins, in the
// sandbox. Uses no disk, no network and no service, and does not require root.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status: 0, or 1 if the boot would be refused (the reason is on standard error, in the same words as at
// boot).
[[nodiscard]] int runExplain(const CommandLine& command);

} // namespace bootferry
