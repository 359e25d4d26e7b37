// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of how a plugin behaves over time: when it must not block, how it stops, what it leaves behind.
#pragma once

#include "checks.h"

namespace bootferry {

// For the two last: call before the sandbox is entered, which refuses to open /proc. Throws Error(Io).
void openOwnFolders();

void doesNotBlock(CheckSettings& settings);
void cancelledBeforeOpen(CheckSettings& settings);
void cancelledBetweenReads(CheckSettings& settings);
void cancelledWhileWaiting(CheckSettings& settings);
void cancelledWhileTheServerIsSilent(CheckSettings& settings);
void leavesNothingBehind(CheckSettings& settings);
void leavesNothingAfterFailures(CheckSettings& settings);

} // namespace bootferry
