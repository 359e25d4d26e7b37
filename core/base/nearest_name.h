// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the known name that a misspelt one probably stands for. The number of edits between them is at most a
// third of its letters, but always at least one; an edit inserts, deletes or replaces a letter, or swaps two
// neighbours.
#pragma once

#include <span>
#include <string_view>

namespace bootferry {

// Returns the nearest known name, the first one of several at the same distance; empty if none is near
// enough.
[[nodiscard]] std::string_view nearestName(std::string_view written, std::span<const std::string_view> known);

} // namespace bootferry
