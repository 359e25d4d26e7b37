// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum of a GPT's header and of its entries (UEFI specification, section 5.3.2), for tests that make
// a GPT.
#pragma once

#include <cstdint>
#include <string_view>

namespace bootferry {

inline std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = ~0U;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1U ^ (0xedb88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

} // namespace bootferry
