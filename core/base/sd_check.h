// SPDX-License-Identifier: LGPL-2.1-or-later
// checkSd() for a file that calls libsystemd in many places for one purpose, which is stated once:
//
//     constexpr SdCheck check{"reading the properties of a transfer"};
//     check(sd_bus_message_read(message, "s", &name));
#pragma once

#include "errors.h"

namespace bootferry {

class SdCheck {
public:
    // what: of static storage; the context of the error.
    explicit constexpr SdCheck(const char* what) : what_(what) {}

    // Throws Error(Io, -result, what) if result is negative, otherwise returns it.
    int operator()(int result) const { return checkSd(result, what_); } // NOLINT(modernize-use-nodiscard)

    // Whether a container or an array has another element.
    [[nodiscard]] bool more(int result) const { return checkSd(result, what_) > 0; }

private:
    const char* what_;
};

} // namespace bootferry
