// SPDX-License-Identifier: LGPL-2.1-or-later
// The next node of the chain: reached, told the dollytab as we were told it, in the generation in which we
// were told it.
#pragma once

#include <string>
#include <vector>

#include "reception.h"

namespace bootferry::dolly {

struct Successor {
    std::string name;
    Descriptor control;
    std::vector<Descriptor> data;
};

// Reaches all of them before the first is told anything, as dolly does. Throws plugin::Failure: cancelled,
// the predecessor hung up, or a node cannot be reached or has another password.
[[nodiscard]] std::vector<Successor> connectSuccessors(const Predecessor& predecessor,
                                                       const Settings& settings, Resolver& resolver,
                                                       Waiter& waiter);

} // namespace bootferry::dolly
