// SPDX-License-Identifier: LGPL-2.1-or-later
// What a transfer leaves in /run/bootferry: `image`, a link to the device that holds the image, which
// bootferry-live-root mounts; and `result.json`, the result, which outlives the service and the initrd.
// Transfers in the booted system do not change files from the initrd: these describe what was booted. Beside
// them, `deployed-MAJOR:MINOR.json` has the same object for each device that was written, until it is written
// again: `bootferryctl verify` and `status` read it.
#pragma once

#include <string>

#include "transfer_status.h"

namespace bootferry {

// `image` is created only after success, or once an image can be read that is still arriving, and last: once
// it exists, everything else is in place. Throws Error(Io).
void writeOutcomeFiles(const std::string& folder, const TransferStatus& status, bool inInitrd);

} // namespace bootferry
