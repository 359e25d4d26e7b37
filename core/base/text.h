// SPDX-License-Identifier: LGPL-2.1-or-later
// Splits text into lines, words and numbers. Does not use streams, which would bring libstdc++'s locales into
// the initrd, as much as a third of all our code. Treats text as ASCII in every locale. A returned
// string_view points into the argument.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// The lines without their '\n', which the last one may lack.
[[nodiscard]] std::vector<std::string_view> linesOf(std::string_view text);

inline constexpr std::string_view whiteSpace = " \t\r\n";

// The words that white space separates.
[[nodiscard]] std::vector<std::string_view> wordsOf(std::string_view text);

// Without the blanks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view blanks = whiteSpace);

[[nodiscard]] std::string lowered(std::string_view text);

// Two lower-case digits a byte.
[[nodiscard]] std::string hexOf(std::span<const unsigned char> bytes);

// Removes a number from the beginning of text and returns it. nullopt, with text unchanged, if text does not
// begin with digits (or '-' and digits, for a signed type) or if the number does not fit into its type.
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

// Converts the whole text, nullopt if anything but the number is in it: blanks, or a sign of an unsigned
// type.
template <typename Number>
[[nodiscard]] std::optional<Number> parseNumber(std::string_view text, int base = 10) {
    const auto number = takeNumber<Number>(text, base);
    return text.empty() ? number : std::nullopt;
}

} // namespace bootferry
