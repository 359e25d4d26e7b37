// SPDX-License-Identifier: LGPL-2.1-or-later
// A file, or a part of a disk, as a block device (loop(4)). Used for an image in a tmpfs file, if the kernel
// has no brd, for making a file system before its partition exists, and for mounting image files. libmount
// could set up the last kind itself, but from 2.41 on keeps the device open if the mount fails.
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

// Attaches the file, as a whole and read-only, for a mount: the kernel detaches it when the mount is gone and
// the returned descriptor is closed. As with libmount, one file is never behind two devices with two caches.
// So a device that the file is attached to already is returned if it is a read-only one of the whole file;
// any other is Error(Io), EBUSY. `name` as above. Throws Error(Unsupported) if the kernel has no loop
// devices.
[[nodiscard]] OpenLoopDevice attachForMount(const UniqueFd& file, const std::string& name);

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
