// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl dolly-send IMAGE HOST...`: a dolly server for bootferry's nodes and for dolly's own. Most
// distributions do not package dolly.
#pragma once

#include "command_line.h"

namespace bootferry {

// Exit status: 0 all nodes have acknowledged the image, 1 failed (the reason is on standard error).
[[nodiscard]] int runDollySend(const CommandLine& line);

} // namespace bootferry
