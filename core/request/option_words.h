// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of another program's command line in one kernel argument, separated by commas as in KIWI. A comma
// within a word is written "\,"; KIWI does not have that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// Throws Error(Invalid) for control characters; the error does not quote the text.
[[nodiscard]] std::vector<std::string> optionWords(std::string_view text);

} // namespace bootferry
