// SPDX-License-Identifier: LGPL-2.1-or-later
// The line on standard error that says why a verb failed. Messages quote words of the command line, which may
// contain control characters, or a URL with a password where none was expected. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

// The message with control characters escaped, and without the user names and passwords of URLs in it.
[[nodiscard]] std::string errorLine(std::string_view message);

// The text with the queries of URLs in it replaced by "?...": they may be signatures that give access.
[[nodiscard]] std::string withoutQueries(std::string_view text);

} // namespace bootferry
