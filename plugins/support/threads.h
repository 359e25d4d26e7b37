// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin's threads block signals: only the host handles them.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "host.h"

namespace bootferry::plugin {

template <typename Work>
std::thread startThread(Work work) {
    const kit::SignalsBlocked blocked;
    try {
        return std::thread(std::move(work));
    } catch (const std::system_error& error) {
        throw Failure(BOOTFERRY_ERROR_IO, "starting a thread", error.code().value());
    }
}

} // namespace bootferry::plugin
