// SPDX-License-Identifier: LGPL-2.1-or-later
// Only the first failure is kept: later ones are usually its consequences.
#include "failure_report.h"

#include <exception>
#include <string>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "files.h"
#include "log.h"

namespace bootferry {

void forgetFailure() noexcept {
    if (runningInInitrd()) {
        (void)::unlink(failureReportPath);
    }
}

void reportFailure(std::string_view text, const char* messageId) noexcept {
    try {
        if (messageId != nullptr) {
            (void)journalOnly(LogLevel::Error, text, {{"MESSAGE_ID", messageId}});
        }
        if (runningInInitrd() && !readSmallFile(failureReportPath)) {
            writeFileAtomically(failureReportPath, std::string(text) + "\n");
        }
    } catch (const std::exception& error) {
        logWarning(fmt::format("{}, ignoring", error.what()));
    }
}

} // namespace bootferry
