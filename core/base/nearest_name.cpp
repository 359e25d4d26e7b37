// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nearest_name.h"

#include <algorithm>
#include <cstdint>

#include "edit_distance.h"

namespace bootferry {

std::string_view nearestName(std::string_view written, std::span<const std::string_view> known) {
    std::string_view nearest;
    std::size_t fewest = SIZE_MAX;
    for (const auto name : known) {
        const auto edits = editDistance(written, name);
        if (edits < fewest && edits <= std::max<std::size_t>(1, name.size() / 3) && edits < name.size()) {
            nearest = name;
            fewest = edits;
        }
    }
    return nearest;
}

} // namespace bootferry
