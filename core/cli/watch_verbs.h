// SPDX-License-Identifier: LGPL-2.1-or-later
// The verbs that ask a service once: list, status, cancel, plugins. Their output is for people and stable
// enough for scripts: one line a thing, columns divided by two spaces or more; with --json= it is JSON.
// `status` tells of the boot's own transfer as well, and does so without a service.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

[[nodiscard]] int runList(const std::vector<std::string>& arguments);
[[nodiscard]] int runStatus(const std::vector<std::string>& arguments);
[[nodiscard]] int runCancel(const std::vector<std::string>& arguments);
[[nodiscard]] int runPlugins(const std::vector<std::string>& arguments);

} // namespace bootferry
