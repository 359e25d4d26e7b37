// SPDX-License-Identifier: LGPL-2.1-or-later
// Stores the reason why a boot has failed in a file that the emergency shell prints right above its prompt,
// where the person at the console reads it.
#pragma once

#include <string_view>

namespace bootferry {

inline constexpr const char* failureReportPath = "/run/bootferry/failure";

// Removes the report of an earlier attempt, in an initrd: somebody has left the emergency shell to try again.
// Each step of a boot calls it when it begins, since the steps before it have succeeded. Never throws.
void forgetFailure() noexcept;

// Writes the text to failureReportPath, as its only line, if this is an initrd and there is no report yet.
// Never throws: the caller is handling a failure already, which it prints to standard error as well. With a
// messageId (see journal_messages.h) also writes a journal entry, which `journalctl -x` explains.
void reportFailure(std::string_view text, const char* messageId = nullptr) noexcept;

} // namespace bootferry
