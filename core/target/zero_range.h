// SPDX-License-Identifier: LGPL-2.1-or-later
// Overwrites data that must not reappear with zeros.
#pragma once

#include <cstdint>
#include <string>

#include "handles.h"

namespace bootferry {

// fd is open for writing, without O_DIRECT. Not synced. Throws Error(Io) with `what` as its context.
void zeroRange(const UniqueFd& fd, std::uint64_t begin, std::uint64_t size, const std::string& what);

} // namespace bootferry
