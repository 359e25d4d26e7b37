// SPDX-License-Identifier: LGPL-2.1-or-later
// The line on standard error that says why a verb failed. Messages quote words of the command line, which may
// contain control characters, or a URL with a password where none was expected. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

// The message with control characters escaped, and without secrets of URLs (shown_argument.h).
[[nodiscard]] std::string errorLine(std::string_view message);

} // namespace bootferry
