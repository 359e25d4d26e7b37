// SPDX-License-Identifier: LGPL-2.1-or-later
// gzip: RFC 1952 §2.3.1, with CM = 8, the only defined method. xz: "The .xz File Format" §2.1.1.1. zstd: RFC
// 8878 §3.1.1; pzstd's files begin with a skippable frame (§3.1.2), which has one of sixteen magics.
#include "codec.h"

#include <algorithm>
#include <array>
#include <string>

namespace bootferry {
namespace {

using namespace std::string_view_literals;

bool beginsSkippableFrame(std::string_view head) {
    return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
           head.substr(1).starts_with("\x2a\x4d\x18"sv);
}

} // namespace

std::string_view codecName(Codec codec) {
    static constexpr std::array names{"gzip"sv, "xz"sv, "zstd"sv};
    return names.at(static_cast<std::size_t>(codec));
}

std::optional<Codec> recogniseCodec(std::span<const std::byte> head) {
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    if (text.starts_with("\x1f\x8b\x08"sv)) {
        return Codec::Gzip;
    }
    if (text.starts_with("\xfd\x37zXZ\0"sv)) {
        return Codec::Xz;
    }
    if (text.starts_with("\x28\xb5\x2f\xfd"sv) || beginsSkippableFrame(text)) {
        return Codec::Zstd;
    }
    return std::nullopt;
}

} // namespace bootferry
