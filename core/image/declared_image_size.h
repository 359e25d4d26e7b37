// SPDX-License-Identifier: LGPL-2.1-or-later
// The size that an image declares in its own header. The pipeline uses it to detect that a download ended too
// early, and a later boot to decide whether the image on a disk is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bootferry {

inline constexpr std::size_t declaredSizeProbe = std::size_t{68} * 1024;

// The size in bytes, from the image's first declaredSizeProbe bytes: of an ISO 9660 image (ECMA-119 8.4.8,
// 8.4.12), a squashfs (bytes_used in its superblock) or an erofs (blocks in its superblock). nullopt for
// other formats, or if `head` is shorter. Pure.
[[nodiscard]] std::optional<std::uint64_t> declaredImageSize(std::span<const std::byte> head);

// The size of the file that mksquashfs(1) makes of it: it pads to 4 KiB. nullopt if nothing is padded: the
// declared size is a multiple of that, or not known, or that of an ISO 9660 image. Pure.
[[nodiscard]] std::optional<std::uint64_t> paddedImageSize(std::span<const std::byte> head);

} // namespace bootferry
