// SPDX-License-Identifier: LGPL-2.1-or-later
// What each word of a kernel command line means to bootferry, for people: which ones it reads, which ones
// have no effect and why, and which ones it does not read. Decides nothing: parseBootRequest() does. Pure.
#pragma once

#include <string>
#include <vector>

#include "boot_request.h"

namespace bootferry {

struct ReviewedArgument {
    enum class Use {
        Read,
        NoEffect,   // it is read, but changes nothing in this boot
        Suspicious, // not read, but probably intended for bootferry
        Foreign,    // not read: it belongs to another program
    };
    std::string shown; // without secrets
    Use use = Use::Foreign;
    std::string meaning;
};

// request: the parsed line; nullptr if the line was refused or does not concern bootferry.
[[nodiscard]] std::vector<ReviewedArgument> reviewArguments(const KernelCommandLine& line,
                                                            const BootRequest* request);

} // namespace bootferry
