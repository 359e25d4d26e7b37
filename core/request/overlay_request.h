// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the running system's changes go.
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

// KIWI's.
inline constexpr const char* defaultCowFile = "live_system.cow";
inline constexpr std::uint64_t defaultCowFileMib = 500;

struct OverlayRequest {
    bool persistent = false;
    std::string cowFilesystem = "ext4";
    std::string size = "50%";            // as tmpfs(5)'s size=
    bool temporary = false;              // rd.live.overlay=none
    bool readOnly = false;               // show the kept changes, and keep new ones in memory
    bool reset = false;                  // discard the kept changes
    bool encrypt = false;                // the partition or file that keeps changes
    std::string cowFile{defaultCowFile}; // keeps the changes beside an ISO file, instead of a partition
    std::uint64_t cowFileMib = defaultCowFileMib;
};

} // namespace bootferry
