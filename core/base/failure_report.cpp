// SPDX-License-Identifier: LGPL-2.1-or-later
// The first reason counts: what fails after it fails because of it.
#include "failure_report.h"

#include <exception>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "files.h"
#include "log.h"

namespace bootferry {

void reportFailure(std::string_view text, const char* messageId) noexcept {
    try {
        if (messageId != nullptr) {
            (void)journalAlone(LogLevel::Error, text, {{"MESSAGE_ID", messageId}});
        }
        if (runningInInitrd() && !readSmallFile(failureReportPath)) {
            writeFileAtomically(failureReportPath, std::string(text) + "\n");
        }
    } catch (const std::exception& error) {
        logWarning(fmt::format("{}, ignoring", error.what()));
    }
}

} // namespace bootferry
