// SPDX-License-Identifier: LGPL-2.1-or-later
// Collects the progress from the parts of the pipeline and reports it to a listener: changes of the state or
// the text at once, byte counts at most four times a second, so that reports do not slow down a fast
// transfer. Plugins may report from any thread, at any rate.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "progress.h"
#include "token_bucket.h"

namespace bootferry {

class ProgressReporter {
public:
    using Clock = std::chrono::steady_clock;

    explicit ProgressReporter(ProgressListener& listener, std::uint32_t attempt = 1);

    void setState(TransferState state, std::string detail = {});
    void setBytes(std::uint64_t bytes);
    void setTotal(std::uint64_t total);
    void setWritten(std::uint64_t written);
    void setAttempt(std::uint32_t attempt);
    void countAttempt(); // increments the attempt

    // Sets the text beside the state. Callable from any thread. A burst of remarks is reported at once; of a
    // flood only a few per second are, and the latest remark comes with the next report. The same remark
    // again is reported every few seconds: it shows that somebody waits, and does not hang.
    void remark(std::string detail);

    // Reports now what the last report may lack. Call before the end, whatever it is.
    void reportLast();

    [[nodiscard]] Progress progress() const;

private:
    void report(bool now);

    ProgressListener& listener_;
    mutable std::mutex mutex_; // also held during listener calls, which keeps reports in order
    Progress progress_;
    Clock::time_point lastReport_;
    TokenBucket remarks_;
};

} // namespace bootferry
