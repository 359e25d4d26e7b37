// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer as it is named on the command line: by its number.
#pragma once

#include <cstdint>
#include <string>

namespace bootferry {

// Throws Error(Invalid) that says where the numbers are to be found.
[[nodiscard]] std::uint32_t parseTransferNumber(const std::string& text);

[[noreturn]] void throwNoTransfer(std::uint32_t id); // Error(NotFound)

} // namespace bootferry
