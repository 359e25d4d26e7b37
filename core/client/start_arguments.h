// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer's request as the arguments of StartTransfer (org.bootferry1(5)). The service reads them in
// core/service/transfer_options.cpp.
#pragma once

#include "handles.h"
#include "transfer_request.h"

namespace bootferry {

// Appends the URL, the target and the options. Throws Error(Invalid) if a text is not UTF-8.
void appendTransfer(sd_bus_message* message, const TransferRequest& request);

} // namespace bootferry
