// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin says of its options, and which ones it takes: those that it describes, and no others.
#pragma once

#include "checks.h"

namespace bootferry {

void wellFormedOptions(CheckSettings& settings);
void refusesUnknownOptions(CheckSettings& settings);

} // namespace bootferry
