// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of another program's command line as one kernel argument holds them: with commas for the spaces
// between them, which is how KIWI has it. A comma that belongs to a word is written "\,", which is ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// Throws Error(Invalid) for control characters; what is in the text is not in the error.
[[nodiscard]] std::vector<std::string> optionWords(std::string_view text);

} // namespace bootferry
