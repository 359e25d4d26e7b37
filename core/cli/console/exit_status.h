// SPDX-License-Identifier: LGPL-2.1-or-later
// The exit statuses of bootferryctl: one table, which bootferryctl(1) repeats and a test compares with it. A
// failure has the same status whether `fetch` detected it or bootferryd reported it over D-Bus. Scripts rely
// on the numbers: only add rows. They begin at 10, at 20 and at 30, because systemctl(1) names 3 to 7 and 64
// to 78 by the conventions of init scripts and BSD, systemd uses those from 200 on, and shells those from 126
// on.
#pragma once

#include <exception>
#include <optional>
#include <span>
#include <string_view>

#include "errors.h"

namespace bootferry {

inline constexpr int exitUsage = 2;
inline constexpr int exitNotVerified = 25; // bootferry-deploy.service accepts it (generate_units.cpp)
inline constexpr int exitNoService = 30;
inline constexpr int exitInterrupted = 130; // as shells report a program that was ended by SIGINT

struct ExitStatus {
    int number;
    std::optional<ErrorCode> code; // nullopt: not an error of a transfer
    const char* text;              // as in the manual
};

[[nodiscard]] std::span<const ExitStatus> exitStatuses();

[[nodiscard]] int exitStatusOf(ErrorCode code);
[[nodiscard]] int exitStatusOf(const std::exception& error);
// name: of a D-Bus error, "org.bootferry1.Error.NotFound".
[[nodiscard]] int exitStatusOfName(std::string_view name);

} // namespace bootferry
