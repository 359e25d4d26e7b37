// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl verify DEVICE|FILE`: reads a medium again and compares its checksum with the one requested,
// or with the one embedded in the image. Of a disk only the image is read. Writes nothing.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status: 0 if they match; else that of the failure (exit_status.h), which is on standard error.
[[nodiscard]] int runVerify(const CommandLine& line);

} // namespace bootferry
