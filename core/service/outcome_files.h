// SPDX-License-Identifier: LGPL-2.1-or-later
// What a transfer leaves in /run/bootferry for those who come later: `image`, a link to the device that holds
// the image, which bootferry-live-root mounts; `result.json`, how it ended, which outlives the service and
// the initrd. Numbers are in bytes and microseconds since 1970.
#pragma once

#include <string>

#include "transfer.h"

namespace bootferry {

[[nodiscard]] std::string resultJson(const Transfer& transfer);

// `image` comes only after success, and last: who sees it, sees all. Throws Error(Io).
void writeOutcomeFiles(const std::string& folder, const Transfer& transfer);

} // namespace bootferry
