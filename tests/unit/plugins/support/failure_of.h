// SPDX-License-Identifier: LGPL-2.1-or-later
// The Failure that a call throws.
#pragma once

#include <gtest/gtest.h>

#include "host.h"

namespace bootferry::plugin {

template <typename Call>
Failure failureOf(Call call) {
    try {
        call();
    } catch (const Failure& failure) {
        return failure;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {BOOTFERRY_ERROR_INTERNAL, "nothing was thrown"};
}

} // namespace bootferry::plugin
