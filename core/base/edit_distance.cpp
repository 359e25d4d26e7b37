// SPDX-License-Identifier: LGPL-2.1-or-later
// Three rows of the usual table: an exchange of neighbours looks two rows back.
#include "edit_distance.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace bootferry {
namespace {

constexpr std::size_t longestName = 64;

using Row = std::array<std::size_t, longestName + 1>;

} // namespace

std::size_t editDistance(std::string_view one, std::string_view other) {
    if (one == other) {
        return 0;
    }
    if (std::max(one.size(), other.size()) > longestName) {
        return SIZE_MAX;
    }
    Row beforeLast{};
    Row last{};
    Row row{};
    for (std::size_t j = 0; j <= other.size(); ++j) {
        last.at(j) = j;
    }
    for (std::size_t i = 1; i <= one.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const std::size_t differs = one[i - 1] != other[j - 1] ? 1 : 0;
            auto least = std::min({last.at(j) + 1, row.at(j - 1) + 1, last.at(j - 1) + differs});
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
                least = std::min(least, beforeLast.at(j - 2) + 1);
            }
            row.at(j) = least;
        }
        beforeLast = last;
        last = row;
    }
    return last.at(other.size());
}

} // namespace bootferry
