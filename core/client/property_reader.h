// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a transfer's properties from D-Bus messages (GetAll and PropertiesChanged).
#pragma once

#include "handles.h"
#include "transfer_status.h"

namespace bootferry {

// Reads an a{sv} from the message into `status`. Unknown properties and states, as of a newer service, are
// ignored. Throws Error if a property has the wrong type; properties read before that stay changed.
void readProperties(TransferStatus& status, sd_bus_message* message);

} // namespace bootferry
