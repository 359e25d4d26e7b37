// SPDX-License-Identifier: LGPL-2.1-or-later
// The one way to a percentage that people see: on the console, on the splash screen and in systemctl status.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quantities.h"

namespace bootferry {

// Rounded down, so that 100 means complete; nullopt if the total is not known or 0.
[[nodiscard]] inline std::optional<unsigned> percentOf(std::uint64_t bytes, std::uint64_t total) {
    if (total == unknownSize || total == 0) {
        return std::nullopt;
    }
    if (bytes >= total) {
        return 100;
    }
    const auto percent = static_cast<double>(bytes) * 100 / static_cast<double>(total);
    return std::min(static_cast<unsigned>(percent), 99U); // a double has 53 bits: the last ones are lost
}

} // namespace bootferry
