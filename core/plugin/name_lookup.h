// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry_host.resolve: a host name's addresses, in a wait that a cancel ends.
// plugins/support/name_resolver.h waits; this file only converts the result for the plugin interface.
#pragma once

#include <string>
#include <vector>

#include "bootferry/plugin.h"

namespace bootferry {

// What a result of bootferry_host.resolve points into.
struct ResolvedName {
    std::vector<std::string> texts;
    std::vector<const char*> addresses;
    std::string failure;
};

// For each kind of host: fills `result` from `kept`, and returns 0 or the code. cancelFd: becomes readable on
// a cancel; borrowed; -1: never.
[[nodiscard]] int resolveForPlugin(const char* name, int cancelFd, ResolvedName& kept,
                                   bootferry_resolution& result) noexcept;

} // namespace bootferry
