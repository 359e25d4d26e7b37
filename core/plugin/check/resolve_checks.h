// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin does while a name server does not answer, which nothing can end in getaddrinfo(3).
#pragma once

#include "checks.h"

namespace bootferry {

void cancelledWhileResolving(CheckSettings& settings);

} // namespace bootferry
