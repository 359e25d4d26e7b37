// SPDX-License-Identifier: LGPL-2.1-or-later
// The options that list, status, monitor and plugins have in common: --json=short, --json=pretty, --json=off
// and
// --no-pager, as in systemd's tools. There is no pager; --no-pager is accepted so that scripts written for
// those tools work.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json.h"

namespace bootferry {

struct Output {
    std::optional<JsonStyle> json; // nullopt: text
    std::vector<std::string> words;
};

// usage: for messages. Throws Error(Invalid) for other options and for too many words.
[[nodiscard]] Output parseOutput(const std::vector<std::string>& arguments, std::size_t wordsAllowed,
                                 const char* usage);

} // namespace bootferry
