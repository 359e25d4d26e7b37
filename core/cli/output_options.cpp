// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_options.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::string_view jsonOption = "--json=";

std::optional<JsonStyle> parseStyle(std::string_view text) {
    if (text == "short") {
        return JsonStyle::Short;
    }
    if (text == "pretty") {
        return JsonStyle::Pretty;
    }
    if (text == "off") {
        return std::nullopt;
    }
    throw Error(ErrorCode::Invalid, fmt::format("--json={}: want short, pretty or off", text));
}

} // namespace

Output parseOutput(const std::vector<std::string>& arguments, std::size_t wordsAllowed, const char* usage) {
    Output output;
    for (const auto& argument : arguments) {
        if (argument.starts_with(jsonOption)) {
            output.json = parseStyle(std::string_view(argument).substr(jsonOption.size()));
        } else if (argument.starts_with("-") && argument != "--no-pager") {
            throw Error(ErrorCode::Invalid, fmt::format("unknown option '{}': {}", argument, usage));
        } else if (argument != "--no-pager") {
            output.words.push_back(argument);
        }
    }
    if (output.words.size() > wordsAllowed) {
        throw Error(ErrorCode::Invalid, fmt::format("too many arguments: {}", usage));
    }
    return output;
}

} // namespace bootferry
