// SPDX-License-Identifier: LGPL-2.1-or-later
// Zeros where something lay that must not come back.
#pragma once

#include <cstdint>
#include <string>

#include "handles.h"

namespace bootferry {

// fd is open for writing, without O_DIRECT. Not synced. Throws Error(Io), `what` being what was done.
void zeroRange(const UniqueFd& fd, std::uint64_t begin, std::uint64_t size, const std::string& what);

} // namespace bootferry
