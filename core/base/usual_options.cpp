// SPDX-License-Identifier: LGPL-2.1-or-later
#include "usual_options.h"

#include "build_config.h"
#include "standard_streams.h"

namespace bootferry {

bool answersUsualOption(const std::vector<std::string>& words, std::string_view program,
                        std::string_view help) {
    for (const auto& word : words) {
        if (word == "--") {
            return false;
        }
        if (word == "-h" || word == "--help") {
            printOutput("{}", help);
            return true;
        }
        if (word == "--version") {
            printOutput("{} {}\n", program, BOOTFERRY_VERSION);
            return true;
        }
    }
    return false;
}

} // namespace bootferry
