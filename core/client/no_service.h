// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryd cannot be reached. A type of its own, because ErrorCode::Unreachable also stands for a server on
// the network.
#pragma once

#include <chrono>
#include <string>

#include "errors.h"

namespace bootferry {

// bootferryd is not running, has exited, or does not answer.
class NoService : public Error {
public:
    explicit NoService(std::string message) : NoService(0, std::move(message)) {}
    NoService(int errnoValue, std::string message)
        : Error(ErrorCode::Unreachable, errnoValue, std::move(message)) {}
};

// It is there, but does not answer in time.
class SilentService : public NoService {
public:
    explicit SilentService(std::chrono::seconds patience)
        : NoService("bootferryd does not answer: nothing arrived for " + std::to_string(patience.count()) +
                    " s") {}
};

} // namespace bootferry
