// SPDX-License-Identifier: LGPL-2.1-or-later
// What the D-Bus methods share: the border to C, where an exception becomes a D-Bus error named after its
// code, and the check of who may act.
#pragma once

#include <string>

#include "errors.h"
#include "handles.h"

namespace bootferry {

int replyWith(sd_bus_error* error, const Error& failure);

// Throws Error(NotPermitted) unless the caller is root or the user the service runs as. Checked in addition
// to the bus policy, because the private socket has none.
void requireRoot(sd_bus_message* message);

template <typename Method>
int guarded(sd_bus_error* error, Method method) noexcept {
    try {
        return method();
    } catch (const Error& failure) {
        return replyWith(error, failure);
    } catch (const std::exception& failure) {
        return replyWith(error, Error(ErrorCode::Internal, failure.what()));
    }
}

} // namespace bootferry
