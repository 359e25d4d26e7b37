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
        Suspicious, // not read, although somebody may have meant that
        Foreign,    // not read: it is another program's
    };
    std::string shown; // without secrets
    Use use = Use::Foreign;
    std::string meaning;
};

// request: what the line was parsed to; nullptr if it was refused, or is none of bootferry's.
[[nodiscard]] std::vector<ReviewedArgument> reviewArguments(const KernelCommandLine& line,
                                                            const BootRequest* request);

} // namespace bootferry
