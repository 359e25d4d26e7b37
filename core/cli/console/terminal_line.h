// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer as one line of a terminal that is redrawn in place: a bar, if there is room and the size is
// known, then the text. Always shorter than the terminal is wide, because a line that wraps cannot be
// redrawn.
#pragma once

#include <cstddef>
#include <string>

#include "progress.h"

namespace bootferry {

// Is it a terminal on which a line can be redrawn? Not on one that is dumb, as in an editor (term(7)).
[[nodiscard]] bool canRedraw(int fd);

// The columns of the terminal; 80 if unknown.
[[nodiscard]] std::size_t terminalWidth(int fd);

// text: from progressText(). Pure.
[[nodiscard]] std::string terminalLine(const Progress& progress, const std::string& text, std::size_t width);

} // namespace bootferry
