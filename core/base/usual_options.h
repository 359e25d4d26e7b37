// SPDX-License-Identifier: LGPL-2.1-or-later
// -h, --help and --version, which every program has, whatever else is on its command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// True if one of them is among the words, before "--": then the answer is on standard output, and the program
// has nothing else to do.
[[nodiscard]] bool answersUsualOption(const std::vector<std::string>& words, std::string_view program,
                                      std::string_view help);

} // namespace bootferry
