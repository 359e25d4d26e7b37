// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, in words for the person who decides whether it may be overwritten. libblkid's own
// names (linux_raid_member, dos) are for programs.
#pragma once

#include <string>
#include <vector>

#include "block_geometry.h"
#include "disk_survey.h"

namespace bootferry {

struct DiskDescription {
    // "GPT with 3 partitions; FAT 'EFI' on partition 1, ext4 'rootfs' on partition 2", "LUKS encrypted
    // volume", "ISO 9660 'CDROM'; MBR with 2 partitions"; empty if libblkid recognises nothing. Texts from
    // the disk are made printable, a long list of partitions is cut. A signature with a wrong checksum is
    // called damaged.
    std::string text;
    // Not 0 if something could not be read, so that the text may be incomplete.
    int errnoValue = 0;
    std::vector<ByteRange> unreadable; // as far as known
};

// fd is open for reading, without O_DIRECT. Something at or after readableEnd is known to be unreadable.
// Throws Error(Io) only if memory runs out.
[[nodiscard]] DiskDescription describeDisk(int fd, const BlockGeometry& geometry, std::uint64_t readableEnd);

} // namespace bootferry
