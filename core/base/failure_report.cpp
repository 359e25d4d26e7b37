// SPDX-License-Identifier: LGPL-2.1-or-later
// The first reason counts: what fails after it fails because of it.
#include "failure_report.h"

#include <exception>
#include <string>

#include <spdlog/spdlog.h>

#include "files.h"

namespace bootferry {

void reportFailure(std::string_view text) noexcept {
    try {
        if (runningInInitrd() && !readSmallFile(failureReportPath)) {
            writeFileAtomically(failureReportPath, std::string(text) + "\n");
        }
    } catch (const std::exception& error) {
        spdlog::warn("{}, ignoring", error.what());
    }
}

} // namespace bootferry
