// SPDX-License-Identifier: LGPL-2.1-or-later
// Words of the kernel command line for people: on the console, in the journal and in an explanation. What may
// be a secret is replaced with "...", whoever the word belongs to: a line is shown to find a mistake in it,
// and a mistake may be what makes a URL or a password part of a name. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kernel_command_line.h"

namespace bootferry {

// The name, cut where a URL or a secret may begin: "http:...".
[[nodiscard]] std::string shownName(std::string_view name);

// The whole word: "rd.live.dir=LiveOS", "rd.iscsi.password=...".
[[nodiscard]] std::string shownArgument(const KernelArgument& argument);

} // namespace bootferry
