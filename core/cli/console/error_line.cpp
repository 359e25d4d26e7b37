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

// A URL has no blanks and no double quotes, but may have single ones; those at its end are of the sentence
// around it.
std::string withoutQueries(std::string_view text) {
    std::string shown;
    for (auto url = text.find("://"); url != std::string_view::npos; url = text.find("://")) {
        const auto blank = std::min(text.find_first_of(" \t\n\"", url), text.size());
        const auto end = text.find_last_not_of("',:;", blank - 1) + 1;
        const auto query = text.find('?', url);
        shown += text.substr(0, std::min(query, end));
        shown += query < end ? "?..." : "";
        text.remove_prefix(end);
    }
    return shown.append(text);
}

} // namespace bootferry
