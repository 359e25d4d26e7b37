// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipes, and the name that an open descriptor has in /proc.
#pragma once

#include <string>
#include <utility>

#include "handles.h"

namespace bootferry {

// The end to read from, and the one to write to; both close on exec. Throws Error(Io).
[[nodiscard]] std::pair<UniqueFd, UniqueFd> makePipe();

// Leads to what the descriptor is open on, however that is called now (proc(5)): to open it anew, or for a
// call that takes no descriptor. Does not exist where /proc is not mounted.
[[nodiscard]] std::string descriptorPath(int fd);

} // namespace bootferry
