// SPDX-License-Identifier: LGPL-2.1-or-later
// The well-formed byte sequences are those of The Unicode Standard, table 3-7: no overlong forms, no
// surrogates, nothing above U+10FFFF.
#include "plain_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

bool isContinuation(unsigned char byte, unsigned char lowest = 0x80, unsigned char highest = 0xBF) {
    return byte >= lowest && byte <= highest;
}

char32_t decoded(std::string_view character) {
    if (character.size() == 1) {
        return static_cast<unsigned char>(character[0]);
    }
    // The lead byte of a sequence of n bytes holds 7 - n bits.
    char32_t code = static_cast<unsigned char>(character[0]) & (0x7FU >> character.size());
    for (const char next : character.substr(1)) {
        code = (code << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
    }
    return code;
}

// Control characters, Unicode's Bidi_Control, line and paragraph separators, the byte order mark, and the
// invisible tag characters.
bool misleads(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xFEFF || (code >= 0xE0000 && code <= 0xE007F);
}

bool isNoncharacter(char32_t code) {
    return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFE;
}

} // namespace

std::size_t characterLength(std::string_view text) {
    const auto byte = [text](std::size_t at) -> unsigned char {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    const auto lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return isContinuation(byte(1)) ? 2 : 0;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned char lowest = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char highest = lead == 0xED ? 0x9F : 0xBF;
        return isContinuation(byte(1), lowest, highest) && isContinuation(byte(2)) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char lowest = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char highest = lead == 0xF4 ? 0x8F : 0xBF;
        return isContinuation(byte(1), lowest, highest) && isContinuation(byte(2)) && isContinuation(byte(3))
                   ? 4
                   : 0;
    }
    return 0;
}

std::string plainText(std::string_view text, std::size_t longest) {
    std::string plain;
    while (!text.empty()) {
        const auto length = characterLength(text);
        std::string_view shown = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(shown.size());
        if (length == 0 || isNoncharacter(decoded(shown))) {
            shown = "?";
        } else if (misleads(decoded(shown))) {
            shown = " ";
        }
        if (plain.size() + shown.size() > longest) {
            break;
        }
        plain += shown;
    }
    return plain;
}

std::string escapedText(std::string_view text) {
    std::string escaped;
    while (!text.empty()) {
        const auto length = characterLength(text);
        const auto character = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(character.size());
        const auto code = length > 0 ? decoded(character) : static_cast<unsigned char>(character[0]);
        if (length == 0 || (code < 0x80 && misleads(code))) {
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
        } else if (misleads(code) || isNoncharacter(code)) {
            escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
        } else {
            escaped += character;
        }
    }
    return escaped;
}

std::string validUtf8(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
        const auto length = characterLength(text);
        valid += length > 0 ? text.substr(0, length) : "\xef\xbf\xbd";
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return valid;
}

bool isBusText(std::string_view text) {
    while (!text.empty()) {
        const auto length = characterLength(text);
        if (length == 0 || text.front() == '\0' || isNoncharacter(decoded(text.substr(0, length)))) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string plainText(const char* text, std::size_t longest) {
    // strnlen, since a plugin's text may lack its NUL. The last character may have four bytes.
    constexpr std::size_t character = 4;
    const auto most = std::min(longest, SIZE_MAX - character) + character;
    return text != nullptr ? plainText(std::string_view(text, strnlen(text, most)), longest) : std::string();
}

} // namespace bootferry
