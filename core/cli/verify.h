// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl verify DEVICE|FILE`: reads a medium again and compares its checksum with the one requested,
// or with the one embedded in the image. Of a disk only the image is read. Writes nothing.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status: 0 the same; else the class of the reason, which is on standard error (exit_status.h).
[[nodiscard]] int runVerify(const CommandLine& line);

} // namespace bootferry
