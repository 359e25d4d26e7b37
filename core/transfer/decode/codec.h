// SPDX-License-Identifier: LGPL-2.1-or-later
// The compressions an image may come in, told by the first bytes of the stream and never by its name: a URL
// says nothing of what a server sends. Only the outermost layer is looked at; what a squashfs or an ISO holds
// is its own business.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace bootferry {

enum class Codec { Gzip, Xz, Zstd };

[[nodiscard]] std::string_view codecName(Codec codec); // "gzip", "xz", "zstd"

// So many bytes (or all there are) are wanted for recogniseCodec().
inline constexpr std::size_t codecMagicSize = 6;

// Nothing: not compressed, or with something that is not decoded here.
[[nodiscard]] std::optional<Codec> recogniseCodec(std::span<const std::byte> head);

} // namespace bootferry
