// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress_line.h"

#include <unistd.h>

#include "differ_only_in_numbers.h"
#include "plain_text.h"
#include "standard_streams.h"
#include "terminal_line.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds lineInterval{5};
constexpr std::chrono::seconds waitInterval{30}; // while the detail counts the seconds of a wait

} // namespace

ProgressLine::ProgressLine() : terminal_(canRedraw(STDERR_FILENO)) {}

void ProgressLine::show(const TransferStatus& progress) {
    const auto now = Clock::now();
    const auto text = escapedText(progressText(progress));
    const bool waiting = progress.state == TransferState::Waiting;
    const bool moved = progress.bytes != last_.bytes || (waiting && progress.detail != last_.detail);
    const bool due = moved && now - lastLine_ >= (waiting ? waitInterval : lineInterval);
    if (terminal_) {
        printError("\r\033[K{}", terminalLine(progress, text, terminalWidth(STDERR_FILENO)));
        drawn_ = true;
    } else if (due || isNews(progress)) {
        printError("{}\n", text);
        lastLine_ = now;
    }
    if (waiting) {
        lastTrouble_ = progress.detail;
    } else if (progress.bytes != last_.bytes) {
        lastTrouble_.clear();
    }
    last_ = static_cast<const Progress&>(progress);
}

bool ProgressLine::isNews(const Progress& progress) const {
    if (progress.state == last_.state && progress.detail == last_.detail) {
        return false;
    }
    switch (progress.state) {
    case TransferState::Waiting:
        return !progress.detail.empty() && !differOnlyInNumbers(progress.detail, lastTrouble_);
    case TransferState::Connecting:
        return lastTrouble_.empty();
    default:
        return true;
    }
}

void ProgressLine::end() {
    if (drawn_) {
        printError("\n");
    }
}

} // namespace bootferry
