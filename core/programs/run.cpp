// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs.h"
#include "standard_streams.h"

int bootferry_run(int (*program)(int argc, char** argv), int argc, char** argv) {
    return bootferry::runProgram(program, argc, argv);
}
