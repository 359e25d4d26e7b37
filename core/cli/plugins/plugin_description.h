// SPDX-License-Identifier: LGPL-2.1-or-later
// What one plugin says of itself: `bootferryctl plugins --describe=FILE`. A module is foreign code that runs
// as soon as it is loaded, so the transfer program loads it, as the worker's user and in the worker's
// sandbox; its answer is text that is checked and cleaned like all else that a worker says.
#pragma once

#include <optional>
#include <string>

#include "json.h"

namespace bootferry {

// plugin: the path of a module, or the name of an installed plugin. Prints a text, or a JSON object. Returns
// the exit status. Throws Error, with the reason why the module cannot be used.
[[nodiscard]] int describePlugin(const std::string& plugin, std::optional<JsonStyle> json);

} // namespace bootferry
