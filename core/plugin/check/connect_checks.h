// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin does where no connection can be made. A server that is started a second too late must not end
// a boot, and one behind a firewall must not hang it.
#pragma once

#include "checks.h"

namespace bootferry {

void refusedConnection(CheckSettings& settings);
void cancelledWhileConnecting(CheckSettings& settings);

} // namespace bootferry
