// SPDX-License-Identifier: LGPL-2.1-or-later
// A file, or a part of a disk, as a block device (loop(4)). Used for an image in a tmpfs file, if the kernel
// has no brd, and for making a file system before its partition exists. Mounting image files does not need
// this: libmount sets up its own loop devices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "handles.h"

namespace bootferry {

struct LoopWindow {
    std::uint64_t offset = 0; // bytes
    std::uint64_t size = 0;   // bytes; 0: up to the end
    std::uint32_t blockSize = 512;
};

// Attaches the file, read-write, to a free loop device and returns the path of the device. The device stays
// until detachLoopDevice(). `name` is what losetup(8) shows as the file.
[[nodiscard]] std::string attachLoopDevice(const UniqueFd& file, const std::string& name,
                                           const LoopWindow& window = {});

// The loop device of the file at `path` (in this mount namespace), nullopt if it has none.
[[nodiscard]] std::optional<std::string> findLoopDevice(const std::string& path);

// Detaches the file. If the device is still open elsewhere, the kernel detaches it at the last close. Throws
// Error(Io).
void detachLoopDevice(const std::string& device);

} // namespace bootferry
