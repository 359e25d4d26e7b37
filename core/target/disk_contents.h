// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, decided from its bytes: nothing, our own interrupted work, a complete image, or
// something of somebody else's. A partition table says nothing by itself: live ISOs carry one, and so does
// every other disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bootferry {

enum class DiskState {
    Blank,      // no signature that libblkid knows
    Incomplete, // it begins with incompleteMark
    Deployed,   // an image with its head in place, and room for all that it says it has
    Foreign,    // anything else
};

struct DiskContents {
    DiskState state = DiskState::Blank;
    // For people: "ISO 9660 'CDROM'", "gpt with 3 partitions; ext4 'rootfs' on partition 2". Label texts are
    // made printable. Empty for a blank disk.
    std::string description;
    std::uint64_t imageSize = 0; // of a deployed image, in bytes
};

// How many bytes an image says it has, from its first 68 KiB. ISO 9660 (ECMA-119 8.4.8, 8.4.12), squashfs
// (bytes_used of its superblock), erofs (blocks of its superblock); nothing for anything else. Pure.
[[nodiscard]] std::optional<std::uint64_t> declaredImageSize(std::span<const std::byte> head);
inline constexpr std::size_t declaredSizeProbe = std::size_t{68} * 1024;

// fd is open for reading, without O_DIRECT. Throws Error(Io).
[[nodiscard]] DiskContents readDiskContents(int fd);

} // namespace bootferry
