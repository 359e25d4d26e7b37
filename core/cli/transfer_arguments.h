// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses the arguments of `fetch` and `deploy` into a request. Options have the form --name=value; the two
// other arguments are the URL and the target.
#pragma once

#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

// verb: for messages. Reads the files that options name. Throws Error(Invalid) that says what to do.
[[nodiscard]] TransferRequest parseTransferArguments(const std::string& verb,
                                                     const std::vector<std::string>& arguments);

} // namespace bootferry
