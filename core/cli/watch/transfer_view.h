// SPDX-License-Identifier: LGPL-2.1-or-later
// The text that `list` and `status` show for a transfer. Unknown values are left out or shown as "-". Pure.
#pragma once

#include <string>
#include <vector>

#include "transfer_status.h"

namespace bootferry {

// "59 %, 20.3 MiB of 34.0 MiB"; "34.0 MiB" at the end; "nothing" or "nothing yet".
[[nodiscard]] std::string receivedText(const TransferStatus& status);

// "4.1 MiB/s, 4 s left" while bytes arrive, else empty.
[[nodiscard]] std::string rateText(const TransferStatus& status);

// "16 s, 2.2 MiB/s" after the end, else empty.
[[nodiscard]] std::string tookText(const TransferStatus& status);

// One row for each transfer.
[[nodiscard]] std::string transferTable(const std::vector<TransferStatus>& transfers);

} // namespace bootferry
