// SPDX-License-Identifier: LGPL-2.1-or-later
// Collects what the pipeline's parts know of the progress and passes it on, throttled: a change of state or
// of the text at once, mere bytes at most four times a second, so that a fast transfer pays nothing for being
// watched.
#pragma once

#include <chrono>
#include <string>

#include "progress.h"

namespace bootferry {

class ProgressReporter {
public:
    using Clock = std::chrono::steady_clock;

    explicit ProgressReporter(ProgressListener& listener, std::uint32_t attempt = 1) : listener_(listener) {
        progress_.attempt = attempt;
    }

    void setState(TransferState state, std::string detail = {});
    void setBytes(std::uint64_t bytes);
    void setTotal(std::uint64_t total);
    void setWritten(std::uint64_t written);
    void setAttempt(std::uint32_t attempt) { progress_.attempt = attempt; }

    [[nodiscard]] const Progress& progress() const { return progress_; }

private:
    void report(bool now);

    ProgressListener& listener_;
    Progress progress_;
    Clock::time_point lastReport_;
};

} // namespace bootferry
