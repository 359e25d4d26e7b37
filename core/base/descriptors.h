// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipes, socket pairs, and the name that an open descriptor has in /proc.
#pragma once

#include <string>
#include <utility>

#include "handles.h"

namespace bootferry {

// The end to read from, and the one to write to; both close on exec. Throws Error(Io).
[[nodiscard]] std::pair<UniqueFd, UniqueFd> makePipe();

// As makePipe(), with room for largePipe bytes if the kernel grants it (pipe(7)): the default of 64 KiB works
// too, with more calls.
inline constexpr int largePipe = 1 << 20;
[[nodiscard]] std::pair<UniqueFd, UniqueFd> makeLargePipe();

// Two connected Unix sockets that keep packets apart (SOCK_SEQPACKET); both close on exec. Throws Error(Io).
[[nodiscard]] std::pair<UniqueFd, UniqueFd> makePacketSockets();

// A path that leads to the open file, whatever its name is now (proc(5)): for opening it again, or for a call
// that takes no descriptor. The path does not exist where /proc is not mounted.
[[nodiscard]] std::string descriptorPath(int fd);

} // namespace bootferry
