// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin, a worker or a server says ends up in the journal, on a terminal and on D-Bus, which ends the
// connection of whoever sends text that is not UTF-8. So it is made plain where it is received, once: one
// line, valid, of bounded length, without a character that moves a cursor or turns the direction of writing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bootferry {

inline constexpr std::size_t longestPlainText = 1024; // bytes

// Control characters (C0, DEL, C1), separators of lines, and marks of direction become spaces; bytes that are
// not UTF-8, and noncharacters, which D-Bus refuses, become '?'; the rest past a cap is cut off.
[[nodiscard]] std::string plainText(std::string_view said, std::size_t longest = longestPlainText);
// Would D-Bus carry it as it is? Well-formed UTF-8 without noncharacters and without NUL.
[[nodiscard]] bool isBusText(std::string_view text);
// NULL is the empty text.
[[nodiscard]] std::string plainText(const char* said, std::size_t longest = longestPlainText);
[[nodiscard]] inline std::string plainText(const std::string& said, std::size_t longest = longestPlainText) {
    return plainText(std::string_view(said), longest);
}

} // namespace bootferry
