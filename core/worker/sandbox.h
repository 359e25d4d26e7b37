// SPDX-License-Identifier: LGPL-2.1-or-later
// What the process that talks to the network may ask of the kernel, as a seccomp filter on top of being
// nobody in particular without capabilities: sockets, threads, memory, time, files to read. A plugin that is
// taken over can then send bytes into the descriptor it was handed, and not much else.
#pragma once

namespace bootferry {

// First thing in main(): no other process of the same user can look into this one (/proc/PID/mem, ptrace(2),
// its descriptors), nor is its memory written to a core file. Throws Error(Io).
void hideFromOthers();

// Irrevocable, for this process and all its threads. Throws Error(Io) where the kernel refuses.
void enterSandbox();

} // namespace bootferry
