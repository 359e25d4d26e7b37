// SPDX-License-Identifier: LGPL-2.1-or-later
// The rate is the mean since the first byte: steady, and right for the time that is left.
#include "progress_line.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

namespace bootferry {
namespace {

constexpr std::chrono::seconds lineInterval{5};

} // namespace

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1), started_(Clock::now()) {}

void ProgressLine::show(const Progress& progress) {
    const auto now = Clock::now();
    if (progress.bytes < last_.bytes || last_.bytes == 0) {
        started_ = now;
        startedAt_ = progress.bytes;
    }
    const bool changed = progress.state != last_.state || progress.detail != last_.detail;
    const bool due = progress.bytes != last_.bytes && now - lastLine_ >= lineInterval;
    last_ = progress;
    if (terminal_) {
        fmt::print(stderr, "\r\033[K{}", text(progress));
        drawn_ = true;
    } else if (changed || due) {
        fmt::print(stderr, "{}\n", text(progress));
        lastLine_ = now;
    }
}

void ProgressLine::end() {
    if (drawn_) {
        fmt::print(stderr, "\n");
    }
}

std::string ProgressLine::text(const Progress& progress) const {
    if (progress.state != TransferState::Transferring) {
        return progress.detail.empty() ? std::string(stateName(progress.state)) : progress.detail;
    }
    ProgressNumbers numbers{
        .bytes = progress.bytes, .total = progress.total, .bytesPerSecond = 0, .remaining = {}};
    const auto elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
    if (elapsed >= 0.5 && progress.bytes > startedAt_) {
        numbers.bytesPerSecond =
            static_cast<std::uint64_t>(static_cast<double>(progress.bytes - startedAt_) / elapsed);
    }
    if (numbers.bytesPerSecond != 0 && progress.total != unknownSize && progress.total > progress.bytes) {
        numbers.remaining = std::chrono::seconds((progress.total - progress.bytes) / numbers.bytesPerSecond);
    }
    return formatProgress(numbers);
}

} // namespace bootferry
