// SPDX-License-Identifier: LGPL-2.1-or-later
// The error of a transfer that ended because bootferryd was stopped. No code of Error has this name: only
// bootferryd itself gives it to a transfer, never a worker or a plugin.
#pragma once

#include <string_view>

#include "bus_names.h"

namespace bootferry {

inline constexpr std::string_view serviceStopped = "org.bootferry1.Error.ServiceStopped";
static_assert(serviceStopped.starts_with(busErrorPrefix));

} // namespace bootferry
