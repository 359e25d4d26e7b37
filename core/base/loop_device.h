// SPDX-License-Identifier: LGPL-2.1-or-later
// A file as a block device (loop(4)), for where the kernel has no brd and the image lies in a tmpfs file.
// Mounts of files go through libmount, which sets up loop devices of its own.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// Attaches the file, read-write, to a free loop device and returns its node. It stays until detached.
[[nodiscard]] std::string attachLoopDevice(const UniqueFd& file, const std::string& name);

// Frees the device; a user that is left keeps it until it closes. Throws Error(Io).
void detachLoopDevice(const std::string& device);

} // namespace bootferry
