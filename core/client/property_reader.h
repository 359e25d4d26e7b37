// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer's properties, read from GetAll and PropertiesChanged.
#pragma once

#include "handles.h"
#include "transfer_status.h"

namespace bootferry {

// Takes an a{sv} from the message into `status`. What a newer service has more is passed over, and so is a
// state that is not known here. Throws Error where a property has another type; what was read before stays.
void readProperties(TransferStatus& status, sd_bus_message* message);

} // namespace bootferry
