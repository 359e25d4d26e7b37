// SPDX-License-Identifier: LGPL-2.1-or-later
// What the check's process holds, by name: descriptors and threads, as /proc lists them.
#pragma once

#include <optional>
#include <set>
#include <string>

namespace bootferry {

// Call it before the sandbox is entered, which refuses to open /proc. Throws Error(Io).
void openOwnFolders();

using Names = std::set<std::string>;

[[nodiscard]] Names ownDescriptors();
[[nodiscard]] Names ownThreads();

// What is wrong with the signals of a thread that was not there before: all but SIGSYS should be blocked;
// nullopt: nothing is wrong. Signals that a fault raises in the thread itself do not count.
[[nodiscard]] std::optional<std::string> signalFault(const Names& before);

// The threads that there were not before, and that are not about to end.
[[nodiscard]] std::size_t newThreads(const Names& before);

// Those of `some` that are not in `others`.
[[nodiscard]] Names without(const Names& some, const Names& others);

} // namespace bootferry
