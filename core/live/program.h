// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a program of the initrd and waits for it. A signal that ends us ends the program as well.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

inline constexpr int noSuchProgram = 127;

// Returns the exit status (128 + the signal that ended it), or noSuchProgram. output: gets what it writes to
// its standard output, at most 64 KiB, if it is given. Throws Error(Io, Cancelled).
int runProgram(std::vector<std::string> words, std::string* output = nullptr);

} // namespace bootferry
