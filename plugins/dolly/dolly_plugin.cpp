// SPDX-License-Identifier: LGPL-2.1-or-later
// The dolly plugin's table. Only connects the C interface with DollySession.
#include "dolly_session.h"

const bootferry_plugin* bootferry_plugin_entry() {
    static constexpr const char* schemes[] = {"dolly", nullptr};
    return bootferry::kit::table<bootferry::dolly::DollySession>({
        .name = "dolly",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::dolly::Settings::described(),
        // The node before this one in the chain connects to it.
        .needs = [](const char*) { return BOOTFERRY_NEEDS_LISTENING; },
    });
}
