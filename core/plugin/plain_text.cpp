// SPDX-License-Identifier: LGPL-2.1-or-later
// The well-formed byte sequences are those of The Unicode Standard, table 3-7: no overlong forms, no
// surrogates, nothing above U+10FFFF.
#include "plain_text.h"

#include <cstring>
#include <string_view>

namespace bootferry {
namespace {

constexpr std::size_t longestText = 1024;

bool isContinuation(unsigned char byte, unsigned char lowest = 0x80, unsigned char highest = 0xBF) {
    return byte >= lowest && byte <= highest;
}

// How many bytes the character at the beginning of `text` has; 0: it is none.
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

} // namespace

std::string plainText(const char* said) {
    std::string plain;
    std::string_view left(said != nullptr ? said : "", said != nullptr ? strnlen(said, longestText + 4) : 0);
    while (!left.empty()) {
        const auto length = characterLength(left);
        if (plain.size() + length > longestText) {
            break;
        }
        if (length == 0) {
            plain += '?';
        } else if (length == 1 && (static_cast<unsigned char>(left[0]) < 0x20 || left[0] == 0x7F)) {
            plain += ' ';
        } else {
            plain += left.substr(0, length);
        }
        left.remove_prefix(length == 0 ? 1 : length);
    }
    return plain;
}

} // namespace bootferry
