// SPDX-License-Identifier: LGPL-2.1-or-later
// Stores the reason why a boot has failed in a file that the emergency shell prints right above its prompt,
// where the person at the console reads it.
#pragma once

#include <string_view>

namespace bootferry {

inline constexpr const char* failureReportPath = "/run/bootferry/failure";

// Writes the text to failureReportPath, as its only line, if this is an initrd and there is no report yet.
// Never throws: the caller is handling a failure already, which it prints to standard error as well. With a
// messageId (see journal_messages.h) also writes a journal entry, which `journalctl -x` explains.
void reportFailure(std::string_view text, const char* messageId = nullptr) noexcept;

} // namespace bootferry
