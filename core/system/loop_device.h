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

// An attached loop device. While it is open, no other file can be attached to it (loop(4)).
struct OpenLoopDevice {
    std::string path;
    UniqueFd fd; // read-write from attachLoopDevice(), read-only from findLoopDevice()
};

// Attaches the file, read-write, to a free loop device and returns the path of the device. The device stays
// until detachLoopDevice(). `name` is what losetup(8) shows as the file.
[[nodiscard]] OpenLoopDevice attachLoopDevice(const UniqueFd& file, const std::string& name,
                                              const LoopWindow& window = {});

// The loop device of the file at `path`; nullopt if it has none. Compares the files and not their paths: in
// another mount namespace, the path that the kernel shows may belong to another file. Loop devices that
// cannot be opened are skipped.
[[nodiscard]] std::optional<OpenLoopDevice> findLoopDevice(const std::string& path);

// Is the file at `path` behind this loop device? Compares the files as findLoopDevice() does; false if either
// does not exist.
[[nodiscard]] bool isFileBehind(const std::string& path, const std::string& device);

// Detaches the file. If the device is still open elsewhere, the kernel detaches it at the last close. Throws
// Error(Io).
void detachLoopDevice(const OpenLoopDevice& device);

} // namespace bootferry
