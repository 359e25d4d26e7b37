// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left of each program: its name, and that nothing it writes to decides what becomes of it.
// PROGRAM_MAIN is its function in programs.h. In C++, though C would do, so that a sanitizer's build links
// the runtime that the library's code wants.
#include "programs.h"

int main(int argc, char** argv) {
    return bootferry_run(PROGRAM_MAIN, argc, argv);
}
