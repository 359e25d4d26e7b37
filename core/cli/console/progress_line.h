// SPDX-License-Identifier: LGPL-2.1-or-later
// Progress on standard error: on a terminal one line that is redrawn; elsewhere a line every five seconds and
// at each change of state, and none while nothing changes. A failure that repeats is reported once.
#pragma once

#include <chrono>
#include <string>

#include "transfer_status.h"

namespace bootferry {

class ProgressLine {
public:
    ProgressLine();
    void show(const TransferStatus& status);
    void end(); // ends the last line on a terminal, which stays

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool isNews(const Progress& progress) const;

    bool terminal_;
    bool drawn_ = false;
    Clock::time_point lastLine_;
    Progress last_;
    std::string lastTrouble_; // the reason of the last wait; empty once data has arrived
};

} // namespace bootferry
