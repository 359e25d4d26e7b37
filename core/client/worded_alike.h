// SPDX-License-Identifier: LGPL-2.1-or-later
// "retrying in 4 s: connection refused" and "retrying in 9 s: connection refused" are the same trouble, "41
// %" and "42 %" the same good news: whoever shows a transfer need not say so again at once. Pure.
#pragma once

#include <string_view>

namespace bootferry {

// True where the two differ in their digits alone.
[[nodiscard]] bool wordedAlike(std::string_view one, std::string_view other);

} // namespace bootferry
