// SPDX-License-Identifier: LGPL-2.1-or-later
// The main() of every program. PROGRAM_MAIN is its function in programs.h. Not C, so that a sanitizer build
// links the runtime that the library needs.
#include "programs.h"

int main(int argc, char** argv) {
    return bootferry_run(PROGRAM_MAIN, argc, argv);
}
