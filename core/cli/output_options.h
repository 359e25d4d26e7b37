// SPDX-License-Identifier: LGPL-2.1-or-later
// The options that the verbs which show something have in common, taken out of their arguments: --json=short,
// --json=pretty, --json=off and --no-pager, as systemd's tools have them. There is no pager; the option is
// taken, so that what is written for those tools works here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json.h"

namespace bootferry {

struct Output {
    std::optional<JsonStyle> json; // nothing: for people
    std::vector<std::string> words;
};

// usage: for error texts. Throws Error(Invalid) for other options, and for more words than allowed.
[[nodiscard]] Output parseOutput(const std::vector<std::string>& arguments, std::size_t wordsAllowed,
                                 const char* usage);

} // namespace bootferry
