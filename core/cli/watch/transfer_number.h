// SPDX-License-Identifier: LGPL-2.1-or-later
// Transfers are named by their numbers on the command line.
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

// Throws Error(Invalid) that refers to bootferryctl list.
[[nodiscard]] std::uint32_t parseTransferNumber(const std::string& text);

[[noreturn]] void throwNoTransfer(std::uint32_t id); // Error(NotFound)

} // namespace bootferry
