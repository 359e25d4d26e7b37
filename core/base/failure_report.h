// SPDX-License-Identifier: LGPL-2.1-or-later
// The reason why a boot cannot go on, left where the emergency shell's greeting finds it: whoever sits at the
// console reads it last, right above the prompt.
#pragma once

#include <string_view>

namespace bootferry {

inline constexpr const char* failureReportPath = "/run/bootferry/failure";

// Writes the text as the one line of failureReportPath. Only in an initrd, and never throws: whoever reports
// a failure has a worse problem already, and says it on standard error as well. With a messageId (see
// journal_messages.h) the journal gets an entry that `journalctl -x` explains.
void reportFailure(std::string_view text, const char* messageId = nullptr) noexcept;

} // namespace bootferry
