// SPDX-License-Identifier: LGPL-2.1-or-later
// What belongs to the process and not to a plugin, which must leave it as it is: standard input, output and
// error, what signals do, the locale, the environment, limits, and their like. One table lists it; the state
// of before the module is loaded is compared with that after each call.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>

namespace bootferry {

class ProcessState {
public:
    ProcessState(); // as it is now, for the calling thread; needs no file of /proc

    // What was done in between, as the end of the sentence "open …": "changed the locale of the process".
    // Nothing if all is as it was.
    [[nodiscard]] std::optional<std::string> changeUntil(const ProcessState& later) const;

private:
    static constexpr std::size_t traits = 16;
    std::array<std::string, traits> values_;
    std::array<struct sigaction, NSIG> signals_{}; // by number
    sigset_t blocked_{};
};

// Makes standard output a file in memory: what a plugin writes there must not get into the report, and is
// found; and standard input an empty file that nobody else uses. Call it before the sandbox is entered, which
// refuses to make a file in memory. Throws Error(Io).
void prepareProcessState();

} // namespace bootferry
