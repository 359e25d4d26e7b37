// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether bytes go on as they come, and whether a session that nobody wants any more goes at once, while the
// server says nothing.
#pragma once

#include "checks.h"

namespace bootferry {

void returnsWhatThereIs(CheckSettings& settings);

// Not for what lies before the offset, nor for everything before it is read.
void fetchesWhatIsWanted(CheckSettings& settings);

// Throws Late if session_free waits for the server. Does nothing where no proxy can make it silent.
void freedWhileTheServerIsSilent(const CheckSettings& settings);

} // namespace bootferry
