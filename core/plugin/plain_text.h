// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin says ends up in the journal, on a terminal and on D-Bus, which ends the connection of whoever
// sends text that is not UTF-8. So it is made plain at the border, once: one line, valid, of bounded length.
#pragma once

#include <string>

namespace bootferry {

// Control characters become spaces, bytes that are not UTF-8 become '?', the rest past a cap is cut off.
// NULL is the empty text.
[[nodiscard]] std::string plainText(const char* said);

} // namespace bootferry
