// SPDX-License-Identifier: LGPL-2.1-or-later
// What the processes of a transfer may request from the kernel: a seccomp filter, on top of an unprivileged
// user without capabilities. The one that uses the network has sockets, threads, memory, time and files to
// read; a compromised plugin can then write to the descriptor it was given, and do little else. The one that
// verifies has even less.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bootferry {

// Call first in main(): other processes of the same user cannot inspect this one (/proc/PID/mem, ptrace(2),
// its descriptors), and its memory is not written to a core file. Throws Error(Io).
void hideFromOthers();

// Irrevocable, for this process and all its threads. Throws Error(Io) if the kernel refuses.
void enterSandbox();

// Refuses, beyond that, what no plugin of this transfer needs (BOOTFERRY_NEEDS_... of plugin.h): Unix
// sockets, and to be connected to. On a kernel with Landlock, also every file but those of readable_files.h
// and `folders`. Call when the plugins are loaded, before any of them uses the network. Irrevocable.
void narrowSandbox(std::uint32_t needs, const std::vector<std::string>& folders);

// The sandbox of the process that verifies and writes: no network, no file to open, and of the calls for
// sockets only recvmsg(2), with which it receives the target's descriptor. Packets are sent with write(2).
void enterVerifierSandbox();

// The sandbox that gpgv is executed in: no network, no file to write, no other process, and limits for its
// time, memory and output. Irrevocable.
void enterSignatureSandbox();

} // namespace bootferry
