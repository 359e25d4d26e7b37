// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl dolly-send IMAGE HOST...`: a dolly server for bootferry's nodes and for dolly's own. Most
// distributions do not package dolly.
#pragma once

#include "command_line.h"

namespace bootferry {

// Returns 0 when all nodes have acknowledged the image; throws Error.
[[nodiscard]] int runDollySend(const CommandLine& line);

} // namespace bootferry
