// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a disk, in the words of the person who is asked whether it may go. libblkid's own names
// (linux_raid_member, dos) are for programs.
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

// "GPT with 3 partitions; FAT 'EFI' on partition 1, ext4 'rootfs' on partition 2", "LUKS encrypted volume",
// "ISO 9660 'CDROM'; MBR with 2 partitions"; empty where libblkid knows nothing. Texts from the disk are made
// printable, many partitions are cut short. fd is open for reading, without O_DIRECT. Throws Error(Io).
[[nodiscard]] std::string describeDisk(int fd, std::uint64_t size);

} // namespace bootferry
