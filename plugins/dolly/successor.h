// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects to the next nodes of the chain and sends them the dollytab as received, in the same generation.
#pragma once

#include <vector>

#include "node_link.h"
#include "reception.h"

namespace bootferry::dolly {

// Connects to all of them before it sends anything to the first, as dolly does. Throws plugin::Failure:
// cancelled, the predecessor closed the connection, or a node cannot be reached or has another password.
[[nodiscard]] std::vector<NodeLink> connectSuccessors(const Predecessor& predecessor,
                                                      const Settings& settings, NameResolver& resolver,
                                                      Waiter& waiter);

} // namespace bootferry::dolly
