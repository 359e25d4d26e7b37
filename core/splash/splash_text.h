// SPDX-License-Identifier: LGPL-2.1-or-later
// The text about a transfer for the person in front of the machine: progress, rate, remaining time and
// server, what the transfer waits for, or why it failed. It fits a screen of 80 columns or 640 pixels: text
// themes cut or misplace longer lines, and in graphical themes they leave the screen. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "plymouth_protocol.h"
#include "service_client.h"

namespace bootferry {

// `barMode`: plymouth's mode while there is a percentage to show, see bootferry-plymouth(8).
[[nodiscard]] SplashContents splashContents(const TransferStatus& status,
                                            std::string_view barMode = bootMode);

// Breaks the text into at most three lines that fit; a longer text ends in "...". Control characters become
// spaces.
[[nodiscard]] std::string fittedToScreen(std::string_view text);

// Decides when a new message replaces the one on the screen. New words are shown at once. If only the numbers
// change, the old message stays for two seconds, so that people can read it and themes that list messages
// line by line are not flooded. During a retry the reason for it stays.
class MessagePace {
public:
    using Time = std::chrono::steady_clock::time_point;

    [[nodiscard]] const std::string& next(Time now, TransferState state, const std::string& message);

private:
    std::string shown_;
    Time since_;
    bool hasFailed_ = false; // the last attempt
};

} // namespace bootferry
