// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum that a medium is to have: given, or found in a list by the name of the image. For a device
// this is the name in the URL that it was deployed from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "digest.h"
#include "medium.h"
#include "transfer_status.h"

namespace bootferry {

struct VerifyArguments {
    std::string path;
    std::string checksum; // as given; empty: the embedded one
    std::optional<std::uint64_t> size;
    std::string name;   // in a list
    bool quiet = false; // draw no progress
};

struct ExpectedChecksum {
    Checksum checksum;
    std::string origin; // URL or path of the list; empty: the checksum was given
};

// The recorded transfer that wrote this device; nullopt if there is none, or if something was written since.
[[nodiscard]] std::optional<TransferStatus> deploymentOf(const Medium& medium);

// arguments.checksum is not empty. May fetch the list. Throws Error.
[[nodiscard]] ExpectedChecksum expectedChecksum(const Medium& medium, const VerifyArguments& arguments,
                                                const std::optional<TransferStatus>& deployment);

} // namespace bootferry
