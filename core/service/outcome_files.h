// SPDX-License-Identifier: LGPL-2.1-or-later
// What a transfer leaves in /run/bootferry for those who come later: `image`, a link to the device that holds
// the image, which bootferry-live-root mounts; `result.json`, how it ended, which outlives the service and
// the initrd. Once the system is up, later transfers leave both as they are: they tell what was booted.
#pragma once

#include <string>

#include "transfer_status.h"

namespace bootferry {

// `image` comes only after success, and last: who sees it, sees all. Throws Error(Io).
void writeOutcomeFiles(const std::string& folder, const TransferStatus& status, bool inInitrd);

} // namespace bootferry
