// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error_line.h"

#include "plain_text.h"

namespace bootferry {

std::string errorLine(std::string_view message) {
    constexpr std::string_view separator = "://";
    std::string text(message);
    for (auto at = text.find(separator); at != std::string::npos; at = text.find(separator, at)) {
        at += separator.size();
        const auto authority = std::string_view(text).substr(at, text.find_first_of("/ \t'\"", at) - at);
        if (const auto end = authority.rfind('@'); end != std::string_view::npos) {
            text.erase(at, end + 1);
        }
    }
    return escapedText(text);
}

} // namespace bootferry
