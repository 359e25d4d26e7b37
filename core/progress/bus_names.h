// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryd's names on D-Bus, for the service and its clients; org.bootferry1(5) describes what they name.
#pragma once

#include <string>
#include <string_view>

#include "errors.h"

namespace bootferry {

inline constexpr const char* busName = "org.bootferry1";
inline constexpr const char* managerPath = "/org/bootferry1";
inline constexpr const char* managerInterface = "org.bootferry1.Manager";
inline constexpr const char* transferPrefix = "/org/bootferry1/transfer"; // of the paths of transfers
// Some bindings do not accept an element of a path that begins with a digit.
inline constexpr std::string_view transferNodePrefix = "/org/bootferry1/transfer/_";
inline constexpr const char* transferInterface = "org.bootferry1.Transfer";
inline constexpr std::string_view busErrorPrefix = "org.bootferry1.Error.";

[[nodiscard]] inline std::string busErrorName(ErrorCode code) { // "org.bootferry1.Error.NotFound"
    return std::string(busErrorPrefix) + std::string(errorName(code));
}

} // namespace bootferry
