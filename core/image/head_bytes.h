// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numbers and magics at any offset of an image's head. Behind its end a number is 0 and no magic
// matches, so that readers of untrusted bytes need no check of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace bootferry {

// Little endian, as all the formats have their sizes (ISO 9660 in big endian as well).
template <typename Number>
[[nodiscard]] Number littleEndian(std::span<const std::byte> head, std::size_t offset) {
    Number number = 0;
    if (offset > head.size() || head.size() - offset < sizeof(Number)) {
        return number;
    }
    for (std::size_t i = sizeof(Number); i > 0; --i) {
        number = static_cast<Number>(number << 8U | std::to_integer<Number>(head[offset + i - 1]));
    }
    return number;
}

[[nodiscard]] inline bool hasMagic(std::span<const std::byte> head, std::size_t offset,
                                   std::string_view magic) {
    return offset <= head.size() && head.size() - offset >= magic.size() &&
           std::memcmp(head.data() + offset, magic.data(), magic.size()) == 0;
}

// The bytes as characters; fewer, or none, if the head ends earlier.
[[nodiscard]] inline std::string_view textAt(std::span<const std::byte> head, std::size_t offset,
                                             std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    return offset < text.size() ? text.substr(offset, size) : std::string_view();
}

} // namespace bootferry
