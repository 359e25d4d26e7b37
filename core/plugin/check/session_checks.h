// SPDX-License-Identifier: LGPL-2.1-or-later
// Several sessions at a time, in turn and in threads, one beside another that waits, and one that passes from
// thread to thread.
#pragma once

#include "checks.h"

namespace bootferry {

void twoSessionsAtATime(CheckSettings& settings);
void sessionsInThreads(CheckSettings& settings);
void anyThread(CheckSettings& settings);
void notHeldUpByAnother(CheckSettings& settings);

} // namespace bootferry
