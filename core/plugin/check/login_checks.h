// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of what belongs to one session and one server: options, credentials, and what logs in.
#pragma once

#include "checks.h"

namespace bootferry {

void keepsOptionsToTheirSession(CheckSettings& settings);
void keepsLoginFromOtherServers(CheckSettings& settings);

} // namespace bootferry
