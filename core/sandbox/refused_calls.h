// SPDX-License-Identifier: LGPL-2.1-or-later
// The system calls whose refusal by the sandbox is named in the failure: those that a plugin's author may
// miss, and that no library makes on the way to something else. The filter raises SIGSYS for them; the
// handler notes the call for the reason of the failure (denied_call.h), and lets it fail with EPERM. A thread
// that blocks SIGSYS is ended by such a call, and the process with it.
#pragma once

#include <span>

namespace bootferry {

struct NamedCall {
    const char* name;
    int number;
};

// Empty on an architecture whose registers the handler does not know.
[[nodiscard]] std::span<const NamedCall> namedCalls();

// Installs the handler. Throws Error(Io).
void catchRefusedCalls();

} // namespace bootferry
