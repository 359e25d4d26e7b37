// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists the possible values of --option=PLUGIN:KEY=VALUE, from the plugins' own tables. The transfer program
// reads the tables, in the same sandbox as for a fetch. This needs no service, so that it also works on an
// administrator's machine and in shell completion.
#pragma once

#include <optional>

#include "json.h"

namespace bootferry {

// Prints a line for each option, or JSON. Returns the exit status. Throws Error.
[[nodiscard]] int printPluginOptions(std::optional<JsonStyle> json);

} // namespace bootferry
