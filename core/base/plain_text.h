// SPDX-License-Identifier: LGPL-2.1-or-later
// Sanitises text from plugins, workers and servers, once, where it is received. Such text is shown in the
// journal, on terminals and on D-Bus (which disconnects a sender of invalid UTF-8). The result is one line of
// valid UTF-8 with a bounded length, without characters that move the cursor or change the text direction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bootferry {

inline constexpr std::size_t longestPlainText = 1024; // bytes

// Replaces control characters (C0, DEL, C1), line separators and direction marks with spaces, and invalid
// UTF-8 and noncharacters (which D-Bus refuses) with '?'. Cuts the text off after `longest` bytes.
[[nodiscard]] std::string plainText(std::string_view text, std::size_t longest = longestPlainText);
// The text with the same characters written as \x1b or \u202e, so that all of it can be seen; not cut.
[[nodiscard]] std::string escapedText(std::string_view text);
// The text with U+FFFD in place of each byte that is not part of a character.
[[nodiscard]] std::string validUtf8(std::string_view text);
// The length in bytes of the character at the beginning of the text, 0 if it is not valid UTF-8.
[[nodiscard]] std::size_t characterLength(std::string_view text);
// Whether D-Bus can carry the text: well-formed UTF-8 without noncharacters and without NUL.
[[nodiscard]] bool isBusText(std::string_view text);
// NULL is the empty text.
[[nodiscard]] std::string plainText(const char* text, std::size_t longest = longestPlainText);
[[nodiscard]] inline std::string plainText(const std::string& text, std::size_t longest = longestPlainText) {
    return plainText(std::string_view(text), longest);
}

} // namespace bootferry
