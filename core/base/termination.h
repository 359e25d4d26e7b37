// SPDX-License-Identifier: LGPL-2.1-or-later
// SIGTERM, SIGINT and SIGHUP as an Error at the next step, so that destructors undo what was begun.
#pragma once

namespace bootferry {

// From now on these signals are recorded and interrupt blocking system calls.
void rememberTermination();

[[nodiscard]] bool isTerminated() noexcept;

// Throws Error(Cancelled) after such a signal.
void throwIfTerminated();

} // namespace bootferry
