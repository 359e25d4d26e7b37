// SPDX-License-Identifier: LGPL-2.1-or-later
// Text files of the kernel's kind, taken apart. Not with streams: those bring the locales of libstdc++ into
// an initrd, a third of all code of ours. What is returned points into the text.
#pragma once

#include <string_view>
#include <vector>

namespace bootferry {

// Without their '\n'; the last one may lack it.
[[nodiscard]] std::vector<std::string_view> linesOf(std::string_view text);

// What stands between blanks, tabs and ends of lines.
[[nodiscard]] std::vector<std::string_view> wordsOf(std::string_view text);

} // namespace bootferry
