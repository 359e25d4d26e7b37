// SPDX-License-Identifier: LGPL-2.1-or-later
// The known name that somebody meant who wrote another one: fewer edits than a third of its letters apart,
// where an edit is a letter more, less, other, or two of them swapped.
#pragma once

#include <span>
#include <string_view>

namespace bootferry {

// Empty if none is near. The first of several that are equally near.
[[nodiscard]] std::string_view nearestName(std::string_view written, std::span<const std::string_view> known);

} // namespace bootferry
