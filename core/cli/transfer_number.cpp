// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_number.h"

#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {

std::uint32_t parseTransferNumber(const std::string& text) {
    std::uint32_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, id);
    if (error != std::errc() || stopped != end) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' is no transfer's number: see bootferryctl list", text));
    }
    return id;
}

void throwNoTransfer(std::uint32_t id) {
    throw Error(ErrorCode::NotFound, fmt::format("there is no transfer {}", id));
}

} // namespace bootferry
