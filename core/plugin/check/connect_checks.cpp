// SPDX-License-Identifier: LGPL-2.1-or-later
#include "connect_checks.h"

#include <array>
#include <optional>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"

namespace bootferry {
namespace {

constexpr const char* otherWay = "its bytes do not come through a TCP connection to the URL's port";

} // namespace

void refusedConnection(CheckSettings& settings) {
    requireProxied(settings);
    Attempt attempt(settings.plugin);
    std::array<std::byte, 1> byte{};
    auto failure = attempt.openUrl(settings.deadEnds->refused());
    if (!failure) {
        (void)attempt.read(byte, failure);
    }
    if (!failure) {
        throw Skipped(otherWay);
    }
    if (failure->code != BOOTFERRY_ERROR_UNREACHABLE && failure->code != BOOTFERRY_ERROR_TIMEOUT) {
        throw Fault(
            fmt::format("where the connection is refused, it fails with {} instead of Unreachable, so "
                        "that a boot fails because its server is a second late: {}",
                        codeName(failure->code), failure->message));
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
