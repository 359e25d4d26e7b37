// SPDX-License-Identifier: LGPL-2.1-or-later
// The system call that the sandbox has just refused a plugin. Its library reports EPERM in words of its own,
// so the reason that a person sees gets the name of the call from here. Files are refused by the kernel
// without a word (Landlock); a failure with EACCES says that this may be the reason.
#pragma once

namespace bootferry {

// name: static text. Safe in a signal handler.
void noteDeniedCall(const char* name) noexcept;

// The last one since the previous call of this function, in any thread; nullptr if there is none.
[[nodiscard]] const char* takeDeniedCall() noexcept;

// From now on, most files are refused.
void noteRestrictedFiles() noexcept;
[[nodiscard]] bool areFilesRestricted() noexcept;

} // namespace bootferry
