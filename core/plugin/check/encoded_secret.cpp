// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoded_secret.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "text.h"

namespace bootferry {
namespace {

std::string percentDecoded(std::string_view text) {
    constexpr int hexadecimal = 16;
    std::string decoded;
    while (!text.empty()) {
        const auto value = text.front() == '%' && text.size() > 2
                               ? parseNumber<unsigned char>(text.substr(1, 2), hexadecimal)
                               : std::nullopt;
        decoded += value ? static_cast<char>(*value) : text.front();
        text.remove_prefix(value ? 3 : 1);
    }
    return decoded;
}

// Without the padding.
std::string base64(std::string_view bytes, std::string_view last) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const auto letter = [&](std::uint32_t value) {
        return value < letters.size() ? letters[value] : last[value - letters.size()];
    };
    std::string encoded;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8U | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        }
        for (std::size_t i = 0; i <= count; ++i) {
            encoded += letter(group >> (18 - 6 * i) & 0x3fU);
        }
    }
    return encoded;
}

} // namespace

std::string_view shownForm(std::string_view text, std::string_view user, std::string_view secret) {
    constexpr std::size_t shortest = 4;
    constexpr std::size_t shortestEncoded = 6;
    const auto contains = [](std::string_view whole, std::string_view part) {
        return whole.find(part) != std::string_view::npos;
    };
    if (secret.size() < shortest) {
        return "";
    }
    if (contains(text, secret)) {
        return "it";
    }
    if (contains(percentDecoded(text), secret)) {
        return "its percent-encoded form";
    }
    if (secret.size() < shortestEncoded) {
        return "";
    }
    for (const std::string_view last : {"+/", "-_"}) {
        if (contains(text, base64(secret, last)) ||
            contains(text, base64(std::string(user) + ':' + std::string(secret), last))) {
            return "its Base64 form";
        }
    }
    return "";
}

} // namespace bootferry
