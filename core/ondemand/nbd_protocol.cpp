// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nbd_protocol.h"

namespace bootferry::nbd {
namespace {

constexpr std::uint32_t requestMagic = 0x25609513;
constexpr std::uint32_t replyMagic = 0x67446698;

template <typename Number>
Number bigEndian(std::span<const std::byte> bytes, std::size_t at) {
    Number value = 0;
    for (const auto byte : bytes.subspan(at, sizeof(Number))) {
        value = static_cast<Number>((value << 8U) | std::to_integer<Number>(byte));
    }
    return value;
}

template <typename Number>
void putBigEndian(std::span<std::byte> bytes, std::size_t at, Number value) {
    for (std::size_t i = sizeof(Number); i-- > 0; value >>= 8U) {
        bytes[at + i] = static_cast<std::byte>(value & 0xffU);
    }
}

} // namespace

// magic (4) · flags (2), of which none changes what is asked for · type (2) · cookie (8) · offset (8) ·
// length (4)
std::optional<Request> parseRequest(std::span<const std::byte, requestSize> bytes) {
    if (bigEndian<std::uint32_t>(bytes, 0) != requestMagic) {
        return std::nullopt;
    }
    return Request{.command = bigEndian<std::uint16_t>(bytes, 6),
                   .cookie = bigEndian<std::uint64_t>(bytes, 8),
                   .offset = bigEndian<std::uint64_t>(bytes, 16),
                   .length = bigEndian<std::uint32_t>(bytes, 24)};
}

// magic (4) · error (4) · cookie (8)
std::array<std::byte, replySize> replyTo(const Request& request, Status status) {
    std::array<std::byte, replySize> bytes{};
    putBigEndian(bytes, 0, replyMagic);
    putBigEndian(bytes, 4, static_cast<std::uint32_t>(status));
    putBigEndian(bytes, 8, request.cookie);
    return bytes;
}

} // namespace bootferry::nbd
