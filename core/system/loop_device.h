// SPDX-License-Identifier: LGPL-2.1-or-later
// A file, or a part of a disk, as a block device (loop(4)): for where the kernel has no brd and the image
// lies in a tmpfs file, and for a file system that is made before there is a partition for it. Mounts of
// files go through libmount, which sets up loop devices of its own.
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

// Attaches the file, read-write, to a free loop device and returns its node. It stays until detached.
[[nodiscard]] std::string attachLoopDevice(const UniqueFd& file, const std::string& name,
                                           const LoopWindow& window = {});

// The one that the file at `path` is attached to, as this mount namespace names files.
[[nodiscard]] std::optional<std::string> findLoopDevice(const std::string& path);

// Frees the device; a user that is left keeps it until it closes. Throws Error(Io).
void detachLoopDevice(const std::string& device);

} // namespace bootferry
