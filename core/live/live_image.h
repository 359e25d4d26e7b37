// SPDX-License-Identifier: LGPL-2.1-or-later
// Identifies the contents of a device or an image file with libblkid(3). Live ISOs are hybrids: the disk has
// both an ISO 9660 file system and a partition table at its beginning. Hence the file system decides; the
// partition table is looked up only if there is no file system, for the error message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

struct Contents {
    enum class Kind {
        Nothing,    // no signature known to libblkid
        FileSystem, // one file system
        Foreign,    // RAID, encryption, swap: a signature, but not mountable
        Ambiguous,  // signatures of several file systems
    };
    Kind kind = Kind::Nothing;
    std::string type;  // libblkid's name: "iso9660", "ext4", "crypto_LUKS"
    std::string label; // as stored: print it only through printable()
    std::string uuid;  // as libblkid writes it
    std::string partitionTable;
    int partitions = 0;
    std::string beginning; // with Nothing: the first bytes
};

// fd: a block device or a regular file, open for reading; name: for error messages. Throws Error(Io).
[[nodiscard]] Contents probeContents(int fd, const std::string& name);

// True for squashfs and erofs: they contain a root image or a root tree.
[[nodiscard]] bool isContainer(const Contents& contents);

// The driver that mounts the type: ext4's also mounts ext2 and ext3, ntfs3's NTFS.
[[nodiscard]] std::string kernelFilesystem(const std::string& type);

// Options that mount it read-only without replaying a journal: an image that was not unmounted cleanly has
// one, and replaying fails on a read-only device.
[[nodiscard]] std::string readOnlyOptions(const std::string& type);

// "the ISO 9660 'CDROM'", "the ext4 file system".
[[nodiscard]] std::string describe(const Contents& contents);

// Describes what is there instead of a file system, as a clause: "it holds no file system (it begins with
// '<html>')".
[[nodiscard]] std::string whyNotMountable(const Contents& contents);

// Makes text from an image safe for a console: keeps printable ASCII, replaces everything else by '?', cuts
// longer text.
[[nodiscard]] std::string printable(std::string_view text, std::size_t longest = 40);

// "'boot', 'EFI', 'casper' and 4 more", with printable names; "nothing" if there are none.
[[nodiscard]] std::string listed(std::vector<std::string> names);

} // namespace bootferry
