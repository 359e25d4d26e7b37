// SPDX-License-Identifier: LGPL-2.1-or-later
// Text from the kernel command line becomes text in a unit file only through here (systemd.syntax(7),
// systemd.service(5) "COMMAND LINES", systemd.unit(5) "STRING ESCAPING FOR INCLUSION IN UNIT NAMES"): it
// stays the one word it was, whatever it holds.
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

// For a mount unit's Options=, whose commas and colons separate.
[[nodiscard]] std::string specifierEscaped(std::string_view text);

} // namespace bootferry
