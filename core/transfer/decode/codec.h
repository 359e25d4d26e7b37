// SPDX-License-Identifier: LGPL-2.1-or-later
// The compression formats of images. They are recognised by the first bytes of the stream, not by the name in
// the URL, which need not match what the server sends. Only the outermost layer counts, not compression
// inside a squashfs or an ISO.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace bootferry {

enum class Codec { Gzip, Xz, Zstd };

[[nodiscard]] std::string_view codecName(Codec codec); // "gzip", "xz", "zstd"

// How many bytes recogniseCodec() needs, unless the stream is shorter.
inline constexpr std::size_t codecMagicSize = 6;

// nullopt if the stream is not compressed, or with a format that bootferry cannot decode.
[[nodiscard]] std::optional<Codec> recogniseCodec(std::span<const std::byte> head);

} // namespace bootferry
