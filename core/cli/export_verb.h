// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl export`: executes bootferry-export (core/export), which is not in every build.
#pragma once

#include "command_line.h"

namespace bootferry {

// Returns only if the program cannot be executed: throws Error, Unsupported if it is not installed.
[[nodiscard]] int runExport(const CommandLine& line);

} // namespace bootferry
