// SPDX-License-Identifier: LGPL-2.1-or-later
#include "declared_image_size.h"

#include "head_bytes.h"

namespace bootferry {
namespace {

constexpr std::size_t descriptors = std::size_t{16} * 2048;

bool isIso9660(std::span<const std::byte> head) {
    return hasMagic(head, descriptors,
                    "\x01"
                    "CD001");
}

} // namespace

std::optional<std::uint64_t> declaredImageSize(std::span<const std::byte> head) {
    if (head.size() < declaredSizeProbe) {
        return std::nullopt;
    }
    if (isIso9660(head)) {
        return std::uint64_t{littleEndian<std::uint32_t>(head, descriptors + 80)} *
               littleEndian<std::uint16_t>(head, descriptors + 128);
    }
    if (hasMagic(head, 0, "hsqs")) {
        return littleEndian<std::uint64_t>(head, 40);
    }
    if (hasMagic(head, 1024, "\xe2\xe1\xf5\xe0")) {
        const auto bits = std::to_integer<unsigned>(head[1024 + 12]);
        return bits <= 16 ? std::optional(std::uint64_t{littleEndian<std::uint32_t>(head, 1024 + 36)} << bits)
                          : std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> paddedImageSize(std::span<const std::byte> head) {
    constexpr std::uint64_t padding = 4096;
    const auto size = declaredImageSize(head);
    if (!size || isIso9660(head) || *size % padding == 0 || *size > UINT64_MAX - padding) {
        return std::nullopt;
    }
    return (*size / padding + 1) * padding;
}

} // namespace bootferry
