// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error_line.h"

#include "plain_text.h"
#include "shown_argument.h"

namespace bootferry {

std::string errorLine(std::string_view message) {
    return escapedText(shownText(message));
}

} // namespace bootferry
