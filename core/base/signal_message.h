// SPDX-License-Identifier: LGPL-2.1-or-later
// Standard error for a signal handler.
#pragma once

#include <string_view>

namespace bootferry {

// Writes without waiting for a reader; async-signal-safe (signal-safety(7)).
void writeErrorNow(std::string_view text) noexcept;

} // namespace bootferry
