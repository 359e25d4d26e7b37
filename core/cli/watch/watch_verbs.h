// SPDX-License-Identifier: LGPL-2.1-or-later
// The verbs that query or command bootferryd once: list, status, cancel. Their output is for people: tables
// with a header (columns.h), or one item per line; scripts use --json=. `status` also shows the recorded
// transfer of the boot, even without a service.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "command_line.h"
#include "transfer_status.h"

namespace bootferry {

struct RecordedTransfer {
    TransferStatus status;
    // Shows whether its device still holds the image (medium_identity.h); empty: not known.
    std::string medium;
};

// By the service of the initrd, or by one that has exited since; nullopt: none.
[[nodiscard]] std::optional<RecordedTransfer> recordedTransfer();
// The one that has written this device last.
[[nodiscard]] std::optional<RecordedTransfer> recordedDeployment(dev_t device);

[[nodiscard]] int runList(const CommandLine& line);
[[nodiscard]] int runStatus(const CommandLine& line);
[[nodiscard]] int runCancel(const CommandLine& line);

} // namespace bootferry
