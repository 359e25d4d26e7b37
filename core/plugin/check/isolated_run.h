// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one check in a child process, so that a plugin that crashes or hangs fails the check but does not end
// the tool.
#pragma once

#include <chrono>
#include <string>

#include "checks.h"

namespace bootferry {

struct CheckResult {
    enum class Verdict { Passed, Failed, Skipped } verdict = Verdict::Passed;
    std::string reason; // unless it passed
};

// The child loads the module itself and is killed after the time limit.
[[nodiscard]] CheckResult runIsolated(const Check& check, CheckSettings& settings,
                                      std::chrono::seconds limit);

} // namespace bootferry
