// SPDX-License-Identifier: LGPL-2.1-or-later
// All writing to standard output and standard error. A message that standard error does not accept within a
// short time is dropped, since a boot must not hang on an unread log. A failed write to standard output makes
// the program fail, silently if the reader has closed the pipe (`| head`). Neither function throws or raises
// SIGPIPE. Use standard error from any thread, standard output from one.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

namespace bootferry {

// The body of main(): opens standard descriptors that are closed, so that no other file gets their numbers
// (writing to them still fails), calls `program` and prints the exception it throws. Returns its status, or
// EXIT_FAILURE if standard output could not be written.
int runProgram(int (*program)(int argc, char** argv), int argc, char** argv) noexcept;

// Blocks for at most two seconds; after a timeout not at all until a write succeeds again.
void writeError(std::string_view text) noexcept;

// Buffered: written when the buffer is full, by flushOutput() and at the end of the program. Waits for a
// terminal without a limit (SIGINT, SIGTERM and SIGHUP work meanwhile), for anything else ten seconds.
void writeOutput(std::string_view text) noexcept;

// Returns false once a write to standard output has failed; all later output is dropped.
bool flushOutput() noexcept;

template <typename... Arguments>
void printError(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    writeError(fmt::format(format, std::forward<Arguments>(arguments)...));
}

template <typename... Arguments>
void printOutput(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    writeOutput(fmt::format(format, std::forward<Arguments>(arguments)...));
}

} // namespace bootferry
