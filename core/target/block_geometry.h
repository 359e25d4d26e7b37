// SPDX-License-Identifier: LGPL-2.1-or-later
// How large a device is and in what pieces it writes. The logical block is the smallest piece that it
// accepts, the physical one the smallest that it writes: a drive that has 4096 byte sectors and accepts 512
// byte ones reads the others of the sector and writes them again, and loses all of them where the power fails
// meanwhile.
#pragma once

#include <cstdint>

namespace bootferry {

struct BlockGeometry {
    std::uint64_t size = 0; // bytes
    std::uint32_t logicalBlock = 512;
    std::uint32_t physicalBlock = 512; // a power of two, a multiple of the logical one, at most 64 KiB
};

// fd is a block device, or a regular file, which has blocks of 512 bytes. Throws Error(Io).
[[nodiscard]] BlockGeometry readBlockGeometry(int fd);

} // namespace bootferry
