// SPDX-License-Identifier: LGPL-2.1-or-later
#include "connect_checks.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"

namespace bootferry {
namespace {

constexpr const char* otherWay = "its bytes do not come through a TCP connection to the URL's port";

} // namespace

// How long an open without a fault takes shows how busy the machine is.
void refusedConnection(CheckSettings& settings) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds atOnce{1500};
    constexpr int muchLonger = 10;
    auto start = Clock::now();
    requireProxied(settings);
    const auto patience = atOnce + muchLonger * (Clock::now() - start);
    Attempt attempt(settings.plugin);
    std::array<std::byte, 1> byte{};
    start = Clock::now();
    auto failure = attempt.openUrl(settings.deadEnds->refused());
    if (!failure) {
        (void)attempt.read(byte, failure);
    }
    const auto took = Clock::now() - start;
    if (!failure) {
        throw Skipped(otherWay);
    }
    const auto text = fmt::format("where the connection is refused, it fails with {} instead of Unreachable",
                                  codeName(failure->code));
    if (failure->code == BOOTFERRY_ERROR_TIMEOUT) {
        throw Late(fmt::format("{}, although nothing was waited for: {}", text, failure->message));
    }
    if (failure->code != BOOTFERRY_ERROR_UNREACHABLE) {
        throw Fault(fmt::format("{}, so that a boot fails because its server is a second late: {}", text,
                                failure->message));
    }
    if (took > patience) {
        throw Late(fmt::format(
            "where the connection is refused, it fails only after {} ms: trying again is the "
            "host's task: {}",
            std::chrono::duration_cast<std::chrono::milliseconds>(took).count(), failure->message));
    }
}

void cancelledWhileConnecting(CheckSettings& settings) {
    requireProxied(settings);
    const auto failure =
        failureAfterCancel(settings, settings.deadEnds->unanswered(), "the open that waited");
    if (!failure) {
        throw Skipped(otherWay);
    }
    expectFailure(failure, BOOTFERRY_ERROR_CANCELLED, "the open that waited for a connection");
}

} // namespace bootferry
