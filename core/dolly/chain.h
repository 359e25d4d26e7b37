// SPDX-License-Identifier: LGPL-2.1-or-later
// What is asked of a dolly server, and which of it dolly cannot do. The text for the nodes is the dollytab of
// plugins/dolly/protocol.
#pragma once

#include <optional>
#include <string>

#include "dollytab.h"

namespace bootferry::dolly {

struct Chain {
    Generation generation = Generation::Password;
    Dollytab tab;
    std::optional<std::string> password;
};

// Throws Error(Invalid) that says what dolly cannot do.
void check(const Chain& chain);

} // namespace bootferry::dolly
