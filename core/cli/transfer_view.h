// SPDX-License-Identifier: LGPL-2.1-or-later
// What `list` and `status` say of a transfer, in words: a part that is not known is left out or "-", never a
// number that means nothing. Pure.
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
