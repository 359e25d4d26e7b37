// SPDX-License-Identifier: LGPL-2.1-or-later
// A read-only block device on which the kernel verifies each block when it is read (dm-verity), through
// libcryptsetup.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cryptsetup_library.h"
#include "verity_tree.h"

namespace bootferry {

struct VerityDevices {
    std::string data; // block devices; the same one if the tree lies behind the image
    std::string tree;
    std::uint64_t offset = 0; // of the tree's superblock, in bytes
};

// tree: as readVerityTree() has judged it; rootHash: lower case hex; options: verity_request.h. Reads nothing
// from the new device. Throws Error(Unsupported) if libcryptsetup or the kernel's dm_verity is missing,
// Error(TargetRefused) if there is such a device, Error(Io) if the kernel refuses the tree.
[[nodiscard]] OpenCryptDevice activateVerity(const VerityDevices& devices, const VerityTree& tree,
                                             const std::string& rootHash,
                                             const std::vector<std::string>& options);

} // namespace bootferry
