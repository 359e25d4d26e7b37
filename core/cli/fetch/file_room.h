// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a file can have so many bytes: the free space of its file system, and the limit that the shell has
// set for this process (ulimit -f).
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

// Free for this user on the file system of an open file or folder; UINT64_MAX if it does not report its size.
[[nodiscard]] std::uint64_t roomOf(int fd);

// `size` more bytes from `position` on, of which `present` bytes have room already. Throws Error(TooLarge)
// with the numbers.
void requireRoom(int fd, const std::string& path, std::uint64_t size, std::uint64_t position,
                 std::uint64_t present);

} // namespace bootferry
