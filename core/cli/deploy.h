// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl deploy URL DEVICE`: asks bootferryd for a transfer and stays with it, as the boot's unit
// does: its progress on the console, its end as exit status, its reason as the last line.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

// Exit status: 0 done, 1 failed (the reason is on standard error), 130 interrupted.
[[nodiscard]] int runDeploy(const std::vector<std::string>& arguments);

// `bootferryctl refuse REASON`: how a command line that cannot be honoured fails its boot. Always 1.
[[nodiscard]] int runRefuse(const std::vector<std::string>& arguments);

} // namespace bootferry
