// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error_line.h"

#include <algorithm>

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

std::string withoutQueries(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto separator = text.find("://");
        const auto end = std::min(text.find_first_of(" \t\n'\"", separator), text.size());
        const auto query = separator == std::string_view::npos ? separator : text.find('?', separator);
        shown += text.substr(0, std::min(query, end));
        shown += query < end ? "?..." : "";
        text.remove_prefix(end);
    }
    return shown;
}

} // namespace bootferry
