// SPDX-License-Identifier: LGPL-2.1-or-later
// A terminated live root leaves nothing behind: the signal becomes an Error at the next step, and destructors
// undo mounts and loop devices.
#pragma once

namespace bootferry {

// From now on SIGTERM, SIGINT and SIGHUP are recorded and interrupt blocking system calls.
void rememberTermination();

[[nodiscard]] bool isTerminated() noexcept;

// Throws Error(Cancelled) after such a signal.
void throwIfTerminated();

} // namespace bootferry
