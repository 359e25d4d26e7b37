// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer in words for whoever stands before the machine: how far it is, how fast, how long it will take
// and from where it comes; what it waits for; why it failed. Fit for a screen of 80 columns or 640 pixels,
// since text themes cut or displace what is longer and graphical ones let it run out of the picture.
// Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "plymouth_protocol.h"
#include "rate_meter.h"
#include "service_client.h"

namespace bootferry {

// `barMode`: the mode plymouth is to be in while there is a percentage to show, see bootferry-plymouth(8).
[[nodiscard]] SplashContents splashContents(const TransferStatus& status, const RateMeter& rate,
                                            std::string_view barMode = bootMode);

// In lines that fit; what does not fit into three of them ends in "...". Control characters become spaces.
[[nodiscard]] std::string fittedToScreen(std::string_view text);

// A message whose words change is news and shown at once. Where only its numbers move it stays for two
// seconds, so that it can be read, and so that a theme that lists messages line by line is not flooded. Why
// something is tried again stays while it is tried.
class MessagePace {
public:
    using Time = std::chrono::steady_clock::time_point;

    [[nodiscard]] const std::string& next(Time now, TransferState state, const std::string& message);

private:
    std::string shown_;
    Time since_;
    bool inTrouble_ = false;
};

} // namespace bootferry
