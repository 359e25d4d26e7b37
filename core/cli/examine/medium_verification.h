// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares an image on a medium with its checksum. The size of the image on a device is the one given by
// --size=, recorded by the deployment, or declared in its header; of a file, everything is read.
#pragma once

#include <cstdint>
#include <string>

#include "medium_checksum.h"

namespace bootferry {

// What was compared, and what is known of it after a failure.
struct Verified {
    std::string checksum; // "sha256:HEX"; of an embedded one, "md5:HEX" and others
    std::string list;     // the checksum's origin; empty: it was given, or is embedded in the image
    bool isEmbedded = false;
    std::uint64_t bytes = 0; // bytes that the checksum covers, or covered when it was read
    std::string remark;      // for people: what the size is, and what was left out
};

// known: what is known so far, also if this fails. Draws a progress line on a terminal. Throws Error.
[[nodiscard]] Verified verifyMedium(const VerifyArguments& arguments, Verified& known);

} // namespace bootferry
