// SPDX-License-Identifier: LGPL-2.1-or-later
// Escapes text of the kernel command line for unit files (systemd.syntax(7), systemd.service(5) "COMMAND
// LINES", systemd.unit(5) "STRING ESCAPING FOR INCLUSION IN UNIT NAMES"): one word stays one word, whatever
// it contains.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// "/usr/bin/program" "--option=50%%": the value of an Exec line.
[[nodiscard]] std::string commandLine(const std::vector<std::string>& words);

// For Description= and comments: one line, '%' doubled where systemd would look at it.
[[nodiscard]] std::string descriptionText(std::string_view text);

// "/dev/disk/by-label/A" -> "dev-disk-by\x2dlabel-A.device"
[[nodiscard]] std::string deviceUnitName(std::string_view path);

// For a mount unit's Options=, whose commas and colons separate. One line.
[[nodiscard]] std::string specifierEscaped(std::string_view text);

} // namespace bootferry
