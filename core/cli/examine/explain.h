// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl explain [LINE]`: what a kernel command line means, before the reboot. Calls the generator's
// own code, so that the two cannot disagree. Plugin options are checked by the installed plugins, in the
// sandbox. Uses no disk, no network and no service, and does not require root.
#pragma once

#include <optional>
#include <string>

#include "command_line.h"
#include "kernel_command_line.h"

namespace bootferry {

// Exit status: 0, or 1 if the boot would be refused (the reason is on standard error, in the same words as at
// boot).
[[nodiscard]] int runExplain(const CommandLine& command);

// Why a boot with this line would be refused; nullopt if it would not be, as far as can be known here.
[[nodiscard]] std::optional<std::string> whyRefused(const KernelCommandLine& line);

} // namespace bootferry
