// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares two status texts without their numbers: "retrying in 4 s: connection refused" and "retrying in 9
// s: connection refused" are the same message. Displays use this to avoid repeating a message at once. Pure.
#pragma once

#include <string_view>

namespace bootferry {

// Do the texts differ in their digits only?
[[nodiscard]] bool differOnlyInNumbers(std::string_view one, std::string_view other);

} // namespace bootferry
