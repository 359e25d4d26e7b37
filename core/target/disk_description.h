// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, in the words of the person who is asked whether it may go. libblkid's own names
// (linux_raid_member, dos) are for programs.
#pragma once

#include <string>
#include <vector>

#include "block_geometry.h"
#include "disk_survey.h"

namespace bootferry {

struct DiskDescription {
    // "GPT with 3 partitions; FAT 'EFI' on partition 1, ext4 'rootfs' on partition 2", "LUKS encrypted
    // volume", "ISO 9660 'CDROM'; MBR with 2 partitions"; empty where libblkid knows nothing. Texts from the
    // disk are made printable, many partitions are cut short. A signature whose own checksum is wrong is
    // named as damaged.
    std::string text;
    // Something could not be read, so that the text may lack what lies there.
    int errnoValue = 0;
    std::vector<ByteRange> unreadable; // as far as the place is known
};

// fd is open for reading, without O_DIRECT; from readableEnd on it is known that something cannot be read.
// Throws Error(Io) for want of memory alone.
[[nodiscard]] DiskDescription describeDisk(int fd, const BlockGeometry& geometry, std::uint64_t readableEnd);

} // namespace bootferry
