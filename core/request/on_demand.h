// SPDX-License-Identifier: LGPL-2.1-or-later
// What an image that is read while it arrives cannot have: whatever is known only when all of it is there.
#pragma once

#include "transfer_request.h"

namespace bootferry {

// Throws Error(Invalid) if the request is on demand and has something like that. Pure.
void requireReadableOnDemand(const TransferRequest& request);

} // namespace bootferry
