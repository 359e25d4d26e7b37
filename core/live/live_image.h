// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies on a device or in an image file, as libblkid(3) reads it, and what follows from that. Live ISOs
// are hybrids: an ISO 9660 that begins where a partition table of the same disk lies too. Hence the file
// system decides and the partition table is asked for only where there is none, to say what was found.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

struct Contents {
    enum class Kind {
        Nothing,    // no signature that libblkid knows
        FileSystem, // one file system
        Foreign,    // RAID, encryption, swap: a signature, but nothing to mount
        Ambiguous,  // several file systems claim it
    };
    Kind kind = Kind::Nothing;
    std::string type;  // libblkid's name: "iso9660", "ext4", "crypto_LUKS"
    std::string label; // as it is stored: not fit for a console
    std::string partitionTable;
    int partitions = 0;
    std::string beginning; // of Nothing: the first bytes
};

// fd is open for reading, a block device or a regular file; name is what errors call it. Throws Error(Io).
[[nodiscard]] Contents probeContents(int fd, const std::string& name);

// squashfs and erofs: made to be packed into, so a root image or a root tree is looked for inside.
[[nodiscard]] bool isContainer(const Contents& contents);

// The driver that mounts it: ext4's serves ext2 and ext3 as well.
[[nodiscard]] std::string kernelFilesystem(const std::string& type);

// Options to mount it read-only without writing to it: an image that was not unmounted cleanly has a journal
// to be replayed, which a read-only device refuses.
[[nodiscard]] std::string readOnlyOptions(const std::string& type);

// "the ISO 9660 'CDROM'", "the ext4 file system".
[[nodiscard]] std::string describe(const Contents& contents);

// What is there instead of a file system, as the end of a sentence: "it holds no file system (it begins with
// '<html>')".
[[nodiscard]] std::string whyNotMountable(const Contents& contents);

// Text from an image, fit for a console: printable ASCII stays, everything else is '?', text that is longer
// is cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t longest = 40);

// "'boot', 'EFI', 'casper' and 4 more"; names are made printable. "nothing" where there are none.
[[nodiscard]] std::string listed(std::vector<std::string> names);

} // namespace bootferry
