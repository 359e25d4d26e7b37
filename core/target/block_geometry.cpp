// SPDX-License-Identifier: LGPL-2.1-or-later
// Some RAID controllers and volumes report a stripe as their physical block; such a number, or one that is
// not a power of two, says nothing about torn writes and is replaced by 4096.
#include "block_geometry.h"

#include <algorithm>
#include <bit>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::uint32_t largestBlock = 64U << 10U;
constexpr std::uint32_t usualBlock = 4096;

std::uint32_t sensible(std::uint32_t physical, std::uint32_t logical) {
    if (physical > largestBlock || !std::has_single_bit(physical)) {
        physical = usualBlock;
    }
    return std::max(physical, logical);
}

} // namespace

BlockGeometry readBlockGeometry(int fd) {
    BlockGeometry geometry;
    struct stat status {};
    checkErrno(::fstat(fd, &status), "looking at the disk");
    if (S_ISREG(status.st_mode)) {
        geometry.size = static_cast<std::uint64_t>(status.st_size);
        return geometry;
    }
    int logical = 0;
    unsigned physical = 0;
    checkErrno(::ioctl(fd, BLKGETSIZE64, &geometry.size), "reading the disk's size");
    checkErrno(::ioctl(fd, BLKSSZGET, &logical), "reading the disk's block size");
    if (::ioctl(fd, BLKPBSZGET, &physical) < 0) {
        physical = static_cast<unsigned>(logical);
    }
    geometry.logicalBlock = static_cast<std::uint32_t>(logical);
    geometry.physicalBlock = sensible(physical, geometry.logicalBlock);
    return geometry;
}

} // namespace bootferry
