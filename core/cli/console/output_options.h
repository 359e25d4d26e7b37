// SPDX-License-Identifier: LGPL-2.1-or-later
// The options that list, status, monitor and plugins have in common: --json=short, --json=pretty, --json=off
// and --no-pager, as in systemd's tools. There is no pager; --no-pager is accepted so that scripts written
// for those tools work.
#pragma once

#include <optional>

#include "command_line.h"
#include "json.h"

namespace bootferry {

// nullopt: text. Throws Error(Invalid) for a style that does not exist.
[[nodiscard]] std::optional<JsonStyle> jsonStyleOf(const CommandLine& line);

} // namespace bootferry
