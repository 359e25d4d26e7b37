// SPDX-License-Identifier: LGPL-2.1-or-later
// The request to a dolly server, with the check of dolly's limits. plugins/dolly/protocol composes the text
// for the nodes, the dollytab.
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
