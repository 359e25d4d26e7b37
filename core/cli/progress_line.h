// SPDX-License-Identifier: LGPL-2.1-or-later
// Progress on standard error: on a terminal one line that is redrawn, elsewhere a line every five seconds and
// at each change of state, none while nothing moves.
#pragma once

#include <chrono>

#include "progress.h"

namespace bootferry {

class ProgressLine {
public:
    ProgressLine();
    void show(const Progress& progress);
    void end(); // leaves the last line of a terminal behind

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] std::string text(const Progress& progress) const;

    bool terminal_;
    bool drawn_ = false;
    Clock::time_point started_;
    std::uint64_t startedAt_ = 0; // bytes that were there when the clock started
    Clock::time_point lastLine_;
    Progress last_;
};

} // namespace bootferry
