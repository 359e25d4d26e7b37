// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl fetch URL FILE`: the boot's own pipeline on any Linux machine, with no service and no root.
// The file appears under its name only when it is whole; until then it is FILE.part, which a failure removes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

// What the words after `fetch` ask for. Throws Error(Invalid) that says what to do.
[[nodiscard]] TransferRequest parseFetchArguments(const std::vector<std::string>& arguments);

// Exit status: 0 done, 1 failed (the reason is on standard error), 130 interrupted.
[[nodiscard]] int runFetch(const std::vector<std::string>& arguments);

} // namespace bootferry
