// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the process's environment. Nothing in these programs changes it once a second thread runs.
#pragma once

#include <optional>
#include <string>

namespace bootferry {

// nullopt: the variable is not set. A variable may be set and empty.
[[nodiscard]] std::optional<std::string> environment(const char* name);

[[nodiscard]] std::string environment(const char* name, const std::string& fallback);

} // namespace bootferry
