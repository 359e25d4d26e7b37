// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns the command line of `fetch` and `deploy` into a request.
#pragma once

#include "command_line.h"
#include "transfer_request.h"

namespace bootferry {

// Reads the files that options name. Throws Error(Invalid) that says what to do.
[[nodiscard]] TransferRequest parseTransferArguments(const CommandLine& line);

// False if the target's name was taken from the URL.
[[nodiscard]] bool isTargetNamed(const CommandLine& line);

} // namespace bootferry
