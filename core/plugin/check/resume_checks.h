// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of what is delivered and refused at an offset, and of the validator that guards it.
#pragma once

#include "checks.h"

namespace bootferry {

void resumes(CheckSettings& settings);
void resumesWithoutValidator(CheckSettings& settings);
void resumesAtTheEnd(CheckSettings& settings);
void refusesPastTheEnd(CheckSettings& settings);
void refusesFarPastTheEnd(CheckSettings& settings);
void refusesAnotherValidator(CheckSettings& settings);
void validatorOfAnotherVersion(CheckSettings& settings);

} // namespace bootferry
