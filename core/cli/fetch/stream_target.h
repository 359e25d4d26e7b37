// SPDX-License-Identifier: LGPL-2.1-or-later
// Targets that are written sequentially and are neither a file nor a block device: standard output, a pipe, a
// FIFO, a character device. Bytes written there cannot be taken back; only the exit status shows that they
// were complete and verified.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "file_location.h"
#include "handles.h"

namespace bootferry {

// Standard output, for "-".
[[nodiscard]] UniqueFd openStandardOutput();

// nullopt for a file or a block device. Waits until a FIFO has a reader, at most for `patience`; nullopt: for
// ever. Uses SIGALRM meanwhile, and SIGINT, SIGTERM and SIGHUP end the wait. Throws Error(TargetRefused,
// Timeout, Cancelled).
[[nodiscard]] std::optional<UniqueFd> openStream(const FileLocation& location,
                                                 std::optional<std::chrono::microseconds> patience);

// If the stream is a regular file, such as the one that a shell has opened for ">" or ">>": throws
// Error(TooLarge) if it has no room for so many bytes. path: for messages.
void requireRoomInStream(const UniqueFd& stream, const std::string& path, std::uint64_t size);

// Whether both are the same pipe, file, terminal or other device; false for an empty descriptor.
[[nodiscard]] bool isStandardOutput(const UniqueFd& stream);

// Throws Error(TargetRefused) if messages would be mixed into the image: standard error is the same file,
// pipe or socket. path: for messages.
void requireNoMessages(const UniqueFd& stream, const std::string& path);

// True if the pipe or socket no longer has a reader.
[[nodiscard]] bool hasLostReader(const UniqueFd& stream);

} // namespace bootferry
