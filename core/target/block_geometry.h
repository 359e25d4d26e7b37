// SPDX-License-Identifier: LGPL-2.1-or-later
// The size of a device and its blocks. The logical block is the smallest unit that the device accepts, the
// physical block the smallest that it writes: a drive with 4096-byte sectors that accepts 512-byte writes
// reads and rewrites the whole sector, and loses all of it if the power fails meanwhile.
#pragma once

#include <cstdint>

namespace bootferry {

struct BlockGeometry {
    std::uint64_t size = 0; // bytes
    std::uint32_t logicalBlock = 512;
    std::uint32_t physicalBlock = 512; // a power of two, a multiple of the logical one, at most 64 KiB
};

// fd: a block device, or a regular file, which counts as having blocks of 512 bytes. Throws Error(Io).
[[nodiscard]] BlockGeometry readBlockGeometry(int fd);

} // namespace bootferry
