// SPDX-License-Identifier: LGPL-2.1-or-later
// Cheap enough to call for each chunk: reading the clock is a vDSO call, and only a plugin that reports its
// status from its own threads competes for the lock.
#include "progress_reporter.h"

namespace bootferry {
namespace {

constexpr double remarkBurst = 16;
constexpr double remarksPerSecond = 4;
constexpr std::chrono::seconds repeatInterval{4};

} // namespace

ProgressReporter::ProgressReporter(ProgressListener& listener, std::uint32_t attempt)
    : listener_(listener), remarks_(remarkBurst, remarksPerSecond) {
    progress_.attempt = attempt;
}

void ProgressReporter::setState(TransferState state, std::string detail) {
    const std::lock_guard lock(mutex_);
    if (progress_.state == state && progress_.detail == detail) {
        return;
    }
    progress_.state = state;
    progress_.detail = std::move(detail);
    report(true);
}

void ProgressReporter::setBytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const bool startsOver = bytes < progress_.bytes;
    progress_.bytes = bytes;
    report(startsOver); // the supervisor does not accept a smaller number that was not 0 before
}

void ProgressReporter::setTotal(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    if (progress_.total != total) {
        progress_.total = total;
        report(true);
    }
}

void ProgressReporter::setWritten(std::uint64_t written) {
    const std::lock_guard lock(mutex_);
    progress_.written = written;
}

void ProgressReporter::setAttempt(std::uint32_t attempt) {
    const std::lock_guard lock(mutex_);
    progress_.attempt = attempt;
}

void ProgressReporter::countAttempt() {
    const std::lock_guard lock(mutex_);
    ++progress_.attempt;
}

void ProgressReporter::remark(std::string detail) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (progress_.detail == detail) {
        if (now - lastReport_ >= repeatInterval) {
            report(true);
        }
        return;
    }
    progress_.detail = std::move(detail);
    if (remarks_.take(now)) {
        report(true);
    }
}

void ProgressReporter::reportLast() {
    const std::lock_guard lock(mutex_);
    report(true);
}

Progress ProgressReporter::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
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
