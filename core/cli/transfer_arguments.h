// SPDX-License-Identifier: LGPL-2.1-or-later
// The words that `fetch` and `deploy` have in common, as a request. Options have the form --name=value; the
// two other words are the URL and the target. Nothing is guessed.
#pragma once

#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

// verb: for error texts. Reads the files that options name. Throws Error(Invalid) that says what to do.
[[nodiscard]] TransferRequest parseTransferArguments(const std::string& verb,
                                                     const std::vector<std::string>& arguments);

} // namespace bootferry
