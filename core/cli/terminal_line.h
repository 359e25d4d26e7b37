// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer as one line of a terminal that is drawn over again and again: a bar where there is room for one
// and something to show with it, then the words. Never as long as the terminal is wide, because a line that
// wraps cannot be drawn over.
#pragma once

#include <cstddef>
#include <string>

#include "progress.h"

namespace bootferry {

// Columns of the terminal behind a descriptor; 80 where it does not tell.
[[nodiscard]] std::size_t terminalWidth(int fd);

// text: what progressText() says. Pure.
[[nodiscard]] std::string terminalLine(const Progress& progress, const std::string& text, std::size_t width);

} // namespace bootferry
