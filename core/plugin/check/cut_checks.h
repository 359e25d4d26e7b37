// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin delivers when its connection is cut: the bytes that had arrived, and then a failure that the
// host retries. It is where a plugin with a buffer of its own takes old bytes for new ones, and a host that
// reads in small pieces sees it first.
#pragma once

#include "checks.h"

namespace bootferry {

void cutConnection(CheckSettings& settings);

} // namespace bootferry
