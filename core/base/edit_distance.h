// SPDX-License-Identifier: LGPL-2.1-or-later
// The distance between two names, to find the option that a misspelt name stands for. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace bootferry {

// The Damerau-Levenshtein distance in its restricted form (optimal string alignment): the number of letters
// to insert, delete, replace or exchange with their neighbour. Texts of more than 64 bytes are SIZE_MAX apart
// unless they are equal, since no option has so long a name.
[[nodiscard]] std::size_t editDistance(std::string_view one, std::string_view other);

} // namespace bootferry
