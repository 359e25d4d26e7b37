// SPDX-License-Identifier: LGPL-2.1-or-later
// A RAM disk of the image's size: brd, loaded at the moment when the size is known, or a tmpfs file on a loop
// device where the kernel has no brd (or one that was built in too small). The memory is checked before the
// first byte moves. The image lies in RAM once: O_DIRECT writes pass the page cache by, and what later reads
// leave there is clean and given back under pressure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prepared_target.h"

namespace bootferry {

[[nodiscard]] bool isRamDisk(const std::string& device); // "/dev/ram0" …

// How large the RAM disk is made and how much of it may be used; all in bytes.
struct RamDiskPlan {
    std::uint64_t size;     // a multiple of 4 KiB
    std::uint64_t capacity; // ≤ size: what memory safely allows where the image's size is not known
};

// Pure. Throws Error(TooLarge) with the numbers and the way out.
[[nodiscard]] RamDiskPlan planRamDisk(std::optional<std::uint64_t> imageSize,
                                      std::optional<std::uint64_t> ramdiskSize,
                                      std::uint64_t memoryAvailable);

// MemAvailable of /proc/meminfo, in bytes; pure.
[[nodiscard]] std::uint64_t parseMemoryAvailable(const std::string& meminfo);

// imageSize: absent where the source cannot tell; ramdiskSize: what the administrator wished, in bytes.
[[nodiscard]] PreparedTarget prepareRamTarget(const std::string& device,
                                              std::optional<std::uint64_t> imageSize,
                                              std::optional<std::uint64_t> ramdiskSize);

// Gives the memory back after a transfer that failed; path as PreparedTarget has it. What cannot be undone is
// left.
void releaseRamTarget(const std::string& path) noexcept;

} // namespace bootferry
