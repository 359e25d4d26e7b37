// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads and writes a range of a file or device as a whole: pread(2) and pwrite(2) may be interrupted, and may
// do less than they were asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bootferry {

// Fills `into` from the offset on. Returns how many bytes were read: fewer only at the end of the file.
// Throws Error(Io) with "WHAT at byte N", as in "reading 'PATH' at byte 512".
[[nodiscard]] std::size_t readAt(int fd, std::span<std::byte> into, std::uint64_t offset,
                                 std::string_view what);

// Writes all bytes. Throws as readAt() does, and Error(TooLarge) if there is no room.
void writeAt(int fd, std::span<const std::byte> bytes, std::uint64_t offset, std::string_view what);

// fdatasync(2). What supports no syncing (a pipe, /dev/null) needs none. Throws Error(Io) with WHAT.
void syncData(int fd, std::string_view what);

} // namespace bootferry
