// SPDX-License-Identifier: LGPL-2.1-or-later
// The one place where a program speaks to whoever started it. Standard error decides nothing: what cannot be
// written there in a short time is lost, since a boot must not hang because nobody reads its log. Lost
// standard output is a failure, for which the exit status stands; it is quiet where the reader has gone, as
// `| head` does. Neither throws, neither raises SIGPIPE, neither waits for ever. From any thread, standard
// output from one.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

namespace bootferry {

// What main() does: opens the standard descriptors that are closed, so that no other file gets their numbers
// (what is written to them is lost all the same), calls `program`, prints what it throws, and hands back its
// status or EXIT_FAILURE where standard output was lost.
int runProgram(int (*program)(int argc, char** argv), int argc, char** argv) noexcept;

// Waits for two seconds at most, and not again until something could be written.
void writeError(std::string_view text) noexcept;

// Gathered, and written when it is much, at flushOutput() and at the end. Waits for a terminal as long as it
// takes, a signal ends it as usual; for anything else ten seconds.
void writeOutput(std::string_view text) noexcept;

// False: standard output is lost, nothing of what is still to come will be read.
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
