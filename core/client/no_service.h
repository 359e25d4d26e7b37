// SPDX-License-Identifier: LGPL-2.1-or-later
// Thrown where a server on the network would also be "unreachable", so that a caller can tell the two apart.
#pragma once

#include "errors.h"

namespace bootferry {

// bootferryd is not running, has exited, or does not answer.
class NoService : public Error {
public:
    explicit NoService(std::string message) : NoService(0, std::move(message)) {}
    NoService(int errnoValue, std::string message)
        : Error(ErrorCode::Unreachable, errnoValue, std::move(message)) {}
};

} // namespace bootferry
