// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one check in a child process that is confined like a worker, so that what works here works in a boot,
// and a plugin that crashes or hangs fails the check but does not end the tool.
#pragma once

#include <chrono>
#include <string>

#include "checks.h"

namespace bootferry {

struct CheckResult {
    enum class Verdict {
        Passed,
        Failed,
        Late,      // failed, because something took too long
        Unreached, // failed, because the server could not be reached
        Skipped,
        Undecided, // the check itself could not be carried out
    } verdict = Verdict::Passed;
    std::string reason; // or a remark, if it passed
};

struct Isolation {
    std::chrono::seconds limit{60}; // the child is killed after it
    bool sandboxed = true;
};

// The child loads the module itself.
[[nodiscard]] CheckResult runIsolated(const Check& check, CheckSettings& settings,
                                      const Isolation& isolation);

} // namespace bootferry
