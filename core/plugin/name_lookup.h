// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry_host.resolve: a host name's addresses, in a wait that a cancel ends. Nothing can interrupt
// getaddrinfo(3), so it runs in a thread that is left behind on a cancel; it shares only the place for the
// answer, and ends by itself when the resolver's own time is up.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bootferry/plugin.h"

namespace bootferry {

struct NameLookup {
    std::vector<std::string> addresses; // numeric, the best first; empty: see `failure`
    std::string failure;                // a reason for people
    bool cancelled = false;
};

// Asks the resolver; blocks. Never throws, since it runs in a thread.
using AskResolver = std::function<NameLookup(const std::string& name, int flags)>;
[[nodiscard]] NameLookup askResolver(const std::string& name, int flags) noexcept; // flags: AI_…

// cancelFd: becomes readable on a cancel; borrowed; -1: never. Throws Error(Io) if there is no thread or
// descriptor for it.
[[nodiscard]] NameLookup lookUpName(const std::string& name, int cancelFd,
                                    const AskResolver& ask = askResolver);

// What a result of bootferry_host.resolve points into.
struct ResolvedName {
    NameLookup lookup;
    std::vector<const char*> addresses;
};

// bootferry_host.resolve, for each kind of host: fills `result` from `kept`, and returns 0 or the code.
[[nodiscard]] int resolveForPlugin(const char* name, int cancelFd, ResolvedName& kept,
                                   bootferry_resolution& result) noexcept;

} // namespace bootferry
