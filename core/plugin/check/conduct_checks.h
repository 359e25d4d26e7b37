// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of how a plugin behaves over time: when it must not block, how it stops, what it leaves behind.
#pragma once

#include <chrono>

#include "checks.h"

namespace bootferry {

// Throws Late if that is longer than a call may take that does not wait for the network.
void expectPromptly(std::chrono::steady_clock::time_point since, const char* what,
                    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now());

void doesNotBlock(CheckSettings& settings);
void cancelledBeforeOpen(CheckSettings& settings);
void cancelledBetweenReads(CheckSettings& settings);
// Cancels the call that waits at this URL, and returns how it fails; `what` gets the name of the call.
// nullopt if no call waits. Throws Late.
[[nodiscard]] std::optional<Failure> failureAfterCancel(const CheckSettings& settings, const std::string& url,
                                                        const char* what);
void cancelledWhileWaiting(CheckSettings& settings);
void cancelledWhileTheServerIsSilent(CheckSettings& settings);
void blocksSignalsInThreads(CheckSettings& settings);
void leavesNothingBehind(CheckSettings& settings);
void leavesNothingAfterFailures(CheckSettings& settings);

} // namespace bootferry
