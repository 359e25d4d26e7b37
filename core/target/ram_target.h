// SPDX-License-Identifier: LGPL-2.1-or-later
// A RAM disk of the image's size: brd, loaded once the size is known, or a tmpfs file on a loop device if the
// kernel has no brd (or one built in too small). Memory is checked before the first byte is transferred. The
// image is in RAM only once: O_DIRECT writes bypass the page cache, and pages that later reads leave there
// are clean and reclaimed under pressure. Calls block; threads may make them, and wait for each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prepared_target.h"

namespace bootferry {

[[nodiscard]] bool isRamDisk(const std::string& device); // "/dev/ram0" …

// The size of the RAM disk and how much of it may be used, in bytes.
struct RamDiskPlan {
    std::uint64_t size;     // a multiple of 4 KiB
    std::uint64_t capacity; // ≤ size: what memory safely allows if the image's size is unknown
};

// Pure. Throws Error(TooLarge) with the numbers and a way out.
[[nodiscard]] RamDiskPlan planRamDisk(std::optional<std::uint64_t> imageSize,
                                      std::optional<std::uint64_t> ramdiskSize,
                                      std::uint64_t memoryAvailable);

// The memory in bytes that must be available for a RAM disk with an image of this size, including the memory
// that must stay free.
[[nodiscard]] std::uint64_t memoryForImage(std::uint64_t imageSize);

// MemAvailable of /proc/meminfo, in bytes; pure.
[[nodiscard]] std::uint64_t parseMemoryAvailable(const std::string& meminfo);

// imageSize: nullopt if the source does not state it; ramdiskSize: the administrator's wish, in bytes.
[[nodiscard]] PreparedTarget prepareRamTarget(const std::string& device,
                                              std::optional<std::uint64_t> imageSize,
                                              std::optional<std::uint64_t> ramdiskSize);

// Frees the memory after a failed transfer; path: PreparedTarget's. What cannot be undone is left.
void releaseRamTarget(const std::string& path) noexcept;

} // namespace bootferry
