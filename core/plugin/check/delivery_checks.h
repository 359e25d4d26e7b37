// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of what is delivered from the beginning on: all bytes, and the same ones however they are read.
#pragma once

#include "checks.h"

namespace bootferry {

void wholeResource(CheckSettings& settings);
void endStaysTheEnd(CheckSettings& settings);
void oneByteReads(CheckSettings& settings);
void oddReads(CheckSettings& settings);
void splicesTheSame(CheckSettings& settings);
void deliversParts(CheckSettings& settings);
void worksWithTheNewestHost(CheckSettings& settings);

} // namespace bootferry
