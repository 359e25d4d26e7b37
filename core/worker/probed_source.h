// SPDX-License-Identifier: LGPL-2.1-or-later
// What the worker reports about the first MiB of a source, for `bootferryctl check`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "errors.h"
#include "live_layout.h"

namespace bootferry {

inline constexpr std::size_t probedAtMost = std::size_t{1} << 20U; // bytes received from each source

struct ProbedSource {
    std::optional<Error> failure;      // if set, nothing else is known
    std::optional<std::uint64_t> size; // of the file on the server
    std::string validator;             // empty: none
    std::string location;              // where a redirect led; empty: not redirected
    bool resumable = false;
    bool ranges = false;                   // several parts can be fetched at the same time
    std::string compression;               // "gzip" …; empty: not compressed
    std::string format;                    // "ISO 9660" …; empty: not a live image
    std::string whyNotLive;                // the reason; empty for a live image
    std::string label;                     // of the volume or file system; empty: none
    std::string partitionTable;            // "MBR", "GPT"; empty: none
    ProbedLayout layout;                   // if format is not empty
    std::optional<std::uint64_t> declared; // the image's size according to its own header
    std::optional<std::uint64_t> decoded;  // the image's size according to the compression's header
};

} // namespace bootferry
