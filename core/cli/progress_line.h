// SPDX-License-Identifier: LGPL-2.1-or-later
// Progress on standard error: on a terminal one line that is redrawn, elsewhere a line every five seconds and
// at each change of state, none while nothing moves. The same trouble met again and again is told once.
#pragma once

#include <chrono>
#include <string>

#include "progress.h"
#include "rate_meter.h"

namespace bootferry {

class ProgressLine {
public:
    ProgressLine();
    void show(const Progress& progress);
    void end(); // leaves the last line of a terminal behind

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool isNews(const Progress& progress) const;

    bool terminal_;
    bool drawn_ = false;
    RateMeter rate_;
    Clock::time_point lastLine_;
    Progress last_;
    std::string lastTrouble_; // why it waited, the last time it did since something moved
};

// One line for a person: where it stands, or why nothing moves. Pure.
[[nodiscard]] std::string progressText(const Progress& progress, const RateMeter& rate);

} // namespace bootferry
