// SPDX-License-Identifier: LGPL-2.1-or-later
// What the process that uses the network may request from the kernel: sockets, threads, memory, time, files
// to read. A seccomp filter, on top of an unprivileged user without capabilities. A compromised plugin can
// then write to the descriptor it was given, and do little else.
#pragma once

namespace bootferry {

// Call first in main(): other processes of the same user cannot inspect this one (/proc/PID/mem, ptrace(2),
// its descriptors), and its memory is not written to a core file. Throws Error(Io).
void hideFromOthers();

// Irrevocable, for this process and all its threads. Throws Error(Io) if the kernel refuses.
void enterSandbox();

} // namespace bootferry
