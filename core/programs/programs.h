// SPDX-License-Identifier: LGPL-2.1-or-later
// The programs' entry points. All programs are in one library, libbootferry-programs.so, so that what they
// have in common lies in an initrd once; a program is the call of its function here (program.cpp). For nobody
// else: library and programs are built and installed together.
#pragma once

#pragma GCC visibility push(default)
extern "C" {

// Calls one of those below as runProgram() does (standard_streams.h).
int bootferry_run(int (*program)(int argc, char** argv), int argc, char** argv);

int bootferry_generator_main(int argc, char** argv);
int bootferry_live_root_main(int argc, char** argv);
int bootferry_plymouth_main(int argc, char** argv);
int bootferry_transfer_main(int argc, char** argv);
int bootferryctl_main(int argc, char** argv);
int bootferryd_main(int argc, char** argv);
}
#pragma GCC visibility pop
