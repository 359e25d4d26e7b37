// SPDX-License-Identifier: LGPL-2.1-or-later
// What is neither a file nor a block device but can be written to from the beginning to the end: standard
// output, a pipe, a FIFO, a character device. What was written there cannot be taken back; only the exit
// status tells that it was whole and verified.
#pragma once

#include <optional>
#include <string>

#include "file_location.h"
#include "handles.h"

namespace bootferry {

// "-": what standard output is open for.
[[nodiscard]] UniqueFd openStandardOutput();

// Nothing where a file or a block device is meant. Waits for somebody who reads a FIFO. Throws
// Error(TargetRefused).
[[nodiscard]] std::optional<UniqueFd> openStream(const FileLocation& location);

// The pipe or socket has no reader any more.
[[nodiscard]] bool hasLostReader(const UniqueFd& stream);

} // namespace bootferry
