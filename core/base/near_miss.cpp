// SPDX-License-Identifier: LGPL-2.1-or-later
// The distance is that of Damerau and Levenshtein, restricted to one edit of each place ("optimal string
// alignment"). Names longer than any of ours are not compared, so that hostile input costs no time.
#include "near_miss.h"

#include <algorithm>
#include <vector>

namespace bootferry {
namespace {

constexpr std::size_t longest = 64;

std::size_t editsBetween(std::string_view one, std::string_view other) {
    std::vector<std::size_t> beforeLast;
    std::vector<std::size_t> last(other.size() + 1);
    for (std::size_t j = 0; j <= other.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= one.size(); ++i) {
        std::vector<std::size_t> row(other.size() + 1);
        row[0] = i;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const std::size_t change = one[i - 1] == other[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
                row[j] = std::min(row[j], beforeLast[j - 2] + 1);
            }
        }
        beforeLast = std::move(last);
        last = std::move(row);
    }
    return last.back();
}

} // namespace

std::string_view nearestName(std::string_view written, std::span<const std::string_view> known) {
    std::string_view nearest;
    std::size_t fewest = longest;
    if (written.size() > longest) {
        return nearest;
    }
    for (const auto name : known) {
        const auto edits = editsBetween(written, name);
        if (edits < fewest && edits <= std::max<std::size_t>(1, name.size() / 3) && edits < name.size()) {
            nearest = name;
            fewest = edits;
        }
    }
    return nearest;
}

} // namespace bootferry
