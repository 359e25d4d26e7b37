// SPDX-License-Identifier: LGPL-2.1-or-later
// Text taken apart: lines, words, numbers. Not with streams, which bring the locales of libstdc++ into an
// initrd, a third of all our code. ASCII only, whatever the locale. A string_view that is returned points
// into the text.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// Without their '\n'; the last one may lack it.
[[nodiscard]] std::vector<std::string_view> linesOf(std::string_view text);

inline constexpr std::string_view whiteSpace = " \t\r\n";

// Separated by white space.
[[nodiscard]] std::vector<std::string_view> wordsOf(std::string_view text);

// Without the blanks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view blanks = whiteSpace);

[[nodiscard]] std::string lowered(std::string_view text);

// The number at the beginning of text, which is shortened by it. nullopt, and text unchanged, if text does
// not begin with digits (a '-' too, for a signed type) or if the number does not fit into its type.
template <typename Number>
[[nodiscard]] std::optional<Number> takeNumber(std::string_view& text, int base = 10) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// The number that text is, as a whole: no sign for an unsigned type, no blanks, nothing behind it.
template <typename Number>
[[nodiscard]] std::optional<Number> parseNumber(std::string_view text, int base = 10) {
    const auto number = takeNumber<Number>(text, base);
    return text.empty() ? number : std::nullopt;
}

} // namespace bootferry
