// SPDX-License-Identifier: LGPL-2.1-or-later
// Collects what the pipeline's parts know of the progress and passes it on, throttled: a change of state or
// of the text at once, mere bytes at most four times a second, so that a fast transfer pays nothing for being
// watched. What a plugin says may come from any thread, as often as it likes.
#pragma once

#include <chrono>
#include <mutex>
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
    void setAttempt(std::uint32_t attempt);
    void countAttempt(); // one more than the last

    // A remark beside the state. From any thread. A burst is passed on as it comes; of a flood only a few a
    // second, and what was left out last comes with whatever is reported next.
    void remark(std::string detail);

    [[nodiscard]] Progress progress() const;

private:
    void report(bool now);

    ProgressListener& listener_;
    mutable std::mutex mutex_; // held while the listener is told: what it hears is in order
    Progress progress_;
    Clock::time_point lastReport_;
    Clock::time_point lastRemark_;
    double remarksAllowed_ = 0; // more than none once the first has come
};

} // namespace bootferry
