// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_number.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"

namespace bootferry {

std::uint32_t parseTransferNumber(const std::string& text) {
    const auto id = parseNumber<std::uint32_t>(text);
    if (!id) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' is not the number of a transfer: see bootferryctl list", text));
    }
    return *id;
}

void throwNoTransfer(std::uint32_t id) {
    throw Error(ErrorCode::NotFound, fmt::format("there is no transfer {}", id));
}

} // namespace bootferry
