// SPDX-License-Identifier: LGPL-2.1-or-later
// The programs' entry points. All programs are in one library, libbootferry-programs.so, so that an initrd
// contains their shared code once; each executable only calls its function here (program.cpp). The library is
// private: it is built and installed together with the programs.
#pragma once

#pragma GCC visibility push(default)
extern "C" {

// Runs one of the functions below with runProgram() (standard_streams.h).
int bootferry_run(int (*program)(int argc, char** argv), int argc, char** argv);

int bootferry_generator_main(int argc, char** argv);
int bootferry_live_root_main(int argc, char** argv);
int bootferry_plymouth_main(int argc, char** argv);
int bootferry_transfer_main(int argc, char** argv);
int bootferryctl_main(int argc, char** argv);
int bootferryd_main(int argc, char** argv);
}
#pragma GCC visibility pop
