// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_options.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {

std::optional<JsonStyle> jsonStyleOf(const CommandLine& line) {
    const auto text = line.last("json").value_or("off");
    if (text == "short") {
        return JsonStyle::Short;
    }
    if (text == "pretty") {
        return JsonStyle::Pretty;
    }
    if (text == "off") {
        return std::nullopt;
    }
    throw Error(ErrorCode::Invalid, fmt::format("--json={}: expected short, pretty or off", text));
}

} // namespace bootferry
