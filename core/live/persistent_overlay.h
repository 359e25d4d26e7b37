// SPDX-License-Identifier: LGPL-2.1-or-later
// The partition on the live medium's own disk that keeps the running system's changes: labelled `cow` and
// behind the image, as KIWI has it, created at the first boot and found again at later ones. A damaged one is
// never recreated, since its data may still be wanted. An encrypted one is a LUKS2 partition labelled
// `lukscow` with that file system in it; it is opened whenever it is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "disk_partitions.h"
#include "overlay_filesystem.h"

namespace bootferry {

// Finds the partition, whatever its file system, or creates it behind the image as `wanted`. imageEnd: the
// end of the image at the beginning of the disk, 0 if there is none there (the medium may be one partition
// among others). Waits for a passphrase. Throws Error with the reason why changes cannot be kept: no disk, no
// room, no mkfs program, a failed check, no passphrase, a partition in the clear where an encrypted one is
// wanted.
[[nodiscard]] WritePartition prepareWritePartition(MediumDisk& disk, std::uint64_t imageEnd,
                                                   const NewPartition& wanted);

// Finds the partition to mount it read-only, and writes nothing; nullopt if there is none. encrypted: one in
// the clear, which somebody may have put there, is not taken. Throws as prepareWritePartition().
[[nodiscard]] std::optional<WritePartition> findWritePartition(MediumDisk& disk, std::uint64_t imageEnd,
                                                               bool encrypted);

} // namespace bootferry
