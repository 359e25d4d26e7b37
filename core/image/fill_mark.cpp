// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_mark.h"

#include <charconv>
#include <cstring>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "incomplete_mark.h"

namespace bootferry {
namespace {

constexpr std::string_view key = "map 1 ";
constexpr std::size_t digits = 16;

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, 16);
    return result.ec == std::errc() && result.ptr == end ? std::optional(value) : std::nullopt;
}

} // namespace

std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t of) {
    constexpr std::uint64_t basis = 0xcbf29ce484222325U;
    constexpr std::uint64_t prime = 0x100000001b3U;
    auto value = basis ^ of;
    for (const auto byte : bytes) {
        value = (value ^ static_cast<std::uint64_t>(byte)) * prime;
    }
    return value;
}

std::string fillMarkText(const FillMark& mark) {
    const auto text = fmt::format("{}{}{:016x} {:016x}", incompleteMark, key, mark.imageSize, mark.version);
    return fmt::format("{} {:016x}\n", text, fingerprint(std::as_bytes(std::span(text))));
}

std::optional<FillMark> readFillMark(std::span<const std::byte> head) {
    const auto length = fillMarkText({}).size();
    if (head.size() < length) {
        return std::nullopt;
    }
    std::string text(length, '\0');
    std::memcpy(text.data(), head.data(), length);
    const auto begin = incompleteMark.size() + key.size();
    const auto size = hexadecimal(std::string_view(text).substr(begin, digits));
    const auto version = hexadecimal(std::string_view(text).substr(begin + digits + 1, digits));
    if (!size || !version) {
        return std::nullopt;
    }
    const FillMark mark{.imageSize = *size, .version = *version};
    return fillMarkText(mark) == text ? std::optional(mark) : std::nullopt;
}

} // namespace bootferry
