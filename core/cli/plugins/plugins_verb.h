// SPDX-License-Identifier: LGPL-2.1-or-later
// The verb `plugins`. bootferryd lists the plugins that it would use; a worker describes one of them or its
// options, since only workers load plugins.
#pragma once

#include "command_line.h"

namespace bootferry {

[[nodiscard]] int runPlugins(const CommandLine& line);

} // namespace bootferry
