// SPDX-License-Identifier: LGPL-2.1-or-later
// A target that may be written now: checked, large enough, open. The service hands the worker the descriptor
// and these numbers, never a path.
#pragma once

#include <cstdint>
#include <string>

#include "handles.h"

namespace bootferry {

// For a pipe or the like, which is written once from the first byte to the last.
inline constexpr std::uint32_t streamBlockSize = 0;

struct PreparedTarget {
    UniqueFd fd;      // open for writing (and reading back); exclusively if it is a device
    std::string path; // the device to boot from; may differ from the requested one (loop instead of ram0)
    std::uint64_t capacity = 0;  // bytes that fit; UINT64_MAX for a file
    std::uint32_t blockSize = 1; // writes are aligned to and padded up to multiples of this; 1 for a file
    bool directIo = false;       // fd was opened with O_DIRECT: buffers must be aligned too
};

} // namespace bootferry
