// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks that bytes are passed on as they arrive, that no more is fetched than is wanted, and that
// session_free returns at once while the server is silent.
#pragma once

#include "checks.h"

namespace bootferry {

void returnsWhatThereIs(CheckSettings& settings);
void takesSmallPieces(CheckSettings& settings);

// Neither the bytes before the offset, nor the whole resource before it is read.
void fetchesWhatIsWanted(CheckSettings& settings);

// Throws Late if session_free waits for the server. Does nothing where no proxy can make it silent.
void freedWhileTheServerIsSilent(const CheckSettings& settings);

} // namespace bootferry
