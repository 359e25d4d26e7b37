// SPDX-License-Identifier: LGPL-2.1-or-later
// A live root that is told to end in the middle leaves nothing behind: the signal becomes an Error at the
// next step, and whatever was mounted or attached goes with the objects that hold it.
#pragma once

namespace bootferry {

// SIGTERM, SIGINT and SIGHUP are remembered from here on; system calls that wait are interrupted.
void rememberTermination();

[[nodiscard]] bool isTerminated() noexcept;

// Throws Error(Cancelled) after such a signal.
void throwIfTerminated();

} // namespace bootferry
