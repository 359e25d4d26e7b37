// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl check URL`: whether a boot from URL would work, as seen from here. Reads the first MiB of the
// image and of each mirror, in the sandbox that a fetch has, and the checksum list. Nothing is written.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status: 0; the class of the reason if a boot would fail (exit_status.h); 130 interrupted.
[[nodiscard]] int runCheck(const CommandLine& line);

} // namespace bootferry
