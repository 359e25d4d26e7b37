// SPDX-License-Identifier: LGPL-2.1-or-later
// The clock read per chunk is a vDSO call; chunks are large.
#include "progress_reporter.h"

namespace bootferry {

void ProgressReporter::setState(TransferState state, std::string detail) {
    if (progress_.state == state && progress_.detail == detail) {
        return;
    }
    progress_.state = state;
    progress_.detail = std::move(detail);
    report(true);
}

void ProgressReporter::setBytes(std::uint64_t bytes) {
    progress_.bytes = bytes;
    report(false);
}

void ProgressReporter::setTotal(std::uint64_t total) {
    if (progress_.total != total) {
        progress_.total = total;
        report(true);
    }
}

void ProgressReporter::setWritten(std::uint64_t written) {
    progress_.written = written;
}

void ProgressReporter::report(bool now) {
    constexpr std::chrono::milliseconds interval{250};
    const auto time = Clock::now();
    if (now || time - lastReport_ >= interval) {
        lastReport_ = time;
        listener_.progressed(progress_);
    }
}

} // namespace bootferry
