// SPDX-License-Identifier: LGPL-2.1-or-later
// How many bytes an image says it has. Two sides rely on it: the writer, which takes no stream for whole that
// ends before, and whoever finds an image on a disk later and has to tell it from one that was cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bootferry {

inline constexpr std::size_t declaredSizeProbe = std::size_t{68} * 1024;

// From the image's first declaredSizeProbe bytes: ISO 9660 (ECMA-119 8.4.8, 8.4.12), squashfs (bytes_used of
// its superblock), erofs (blocks of its superblock); nothing for anything else, or for fewer bytes. Pure.
[[nodiscard]] std::optional<std::uint64_t> declaredImageSize(std::span<const std::byte> head);

} // namespace bootferry
