// SPDX-License-Identifier: LGPL-2.1-or-later
// What --option=PLUGIN:KEY=VALUE can be: the plugins' own tables. They are read by the transfer program, as a
// fetch runs it, and not by the service, so that they can be shown where none runs: on the machine of whoever
// writes a kernel command line, and by the shell's completion.
#pragma once

#include <optional>

#include "json.h"

namespace bootferry {

// Prints a line for each option, or JSON. Returns the exit status. Throws Error.
[[nodiscard]] int printPluginOptions(std::optional<JsonStyle> json);

} // namespace bootferry
