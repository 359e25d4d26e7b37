// SPDX-License-Identifier: LGPL-2.1-or-later
// The verbs of bootferryctl: one row each. To add a verb, write its function, int runX(const CommandLine&),
// and its row; describe it in bootferryctl(1).
#pragma once

#include "command_line.h"

namespace bootferry {

[[nodiscard]] Verbs allVerbs();

// The overview of `bootferryctl --help`.
[[nodiscard]] std::string overview();

} // namespace bootferry
