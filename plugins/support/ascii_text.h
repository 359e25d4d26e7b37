// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers, blanks and letters in the texts of options, URLs and servers. Treats text as ASCII in every
// locale, and needs no streams. The counterpart of core/base/text.h, since plugins must not include headers
// of the core.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry::plugin {

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

// Converts the whole text, nullopt also if the number is not between the two.
template <typename Number>
[[nodiscard]] std::optional<Number> parseNumberWithin(std::string_view text, Number least, Number most) {
    const auto number = parseNumber<Number>(text);
    return number && *number >= least && *number <= most ? number : std::nullopt;
}

// Without the blanks at both ends.
[[nodiscard]] inline std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n") {
    const auto begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

[[nodiscard]] constexpr char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lowered(c); });
    return result;
}

// True if the text contains these words.
[[nodiscard]] inline bool mentions(std::string_view text, std::string_view words) {
    return text.find(words) != std::string_view::npos;
}

// True if the two differ in the case of letters only.
[[nodiscard]] inline bool equalIgnoringCase(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return lowered(a) == lowered(b); });
}

} // namespace bootferry::plugin
