// SPDX-License-Identifier: LGPL-2.1-or-later
// The systemd credentials (systemd.exec(5)) of a service that starts workers: plugins see "bootferry.user" as
// "user". A unit must list each system credential by name, and the names that plugins want are not known
// beforehand; so the system's credentials are read directly as well, and the unit's own override them.
#pragma once

#include "credentials.h"
#include "files.h"

namespace bootferry {

// inInitrd: leave out what a server that the network chose is not to get. Throws Error(Io).
[[nodiscard]] Credentials readServiceCredentials(bool inInitrd = runningInInitrd());

} // namespace bootferry
