// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryctl: parses the command line and runs the verb (verbs.cpp).
#include <cstdlib>

#include "build_config.h"
#include "error_line.h"
#include "errors.h"
#include "exit_status.h"
#include "log.h"
#include "programs.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "verbs.h"

namespace bootferry {
namespace {

// Also sets the level of the worker, which inherits the variable. A level that is already set in the
// environment takes precedence.
void setLogLevel(const CommandLine& line) {
    if (const char* level = line.has("verbose") ? "debug" : line.has("quiet") ? "warning" : nullptr) {
        ::setenv("BOOTFERRY_LOG_LEVEL", level, 0); // NOLINT(concurrency-mt-unsafe): one thread
    }
}

int run(const std::vector<std::string>& words) {
    const auto line = parseCommandLine(allVerbs(), words);
    if (line.has("verbose") && line.has("quiet")) {
        throw Error(ErrorCode::Invalid, "--quiet and --verbose contradict each other: remove one of them");
    }
    setLogLevel(line);
    initLogging("bootferryctl");
    if (line.help) {
        printOutput("{}", line.verb != nullptr ? helpOf(*line.verb) : overview());
        return EXIT_SUCCESS;
    }
    if (line.version) {
        printOutput("bootferryctl {}\n", BOOTFERRY_VERSION);
        return EXIT_SUCCESS;
    }
    if (line.verb == nullptr) {
        printError("{}", overview());
        throw Error(ErrorCode::Invalid, "a verb is missing");
    }
    return line.verb->run(line);
}

} // namespace
} // namespace bootferry

int bootferryctl_main(int argc, char** argv) {
    bootferry::endWhenInterrupted();
    try {
        return bootferry::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        bootferry::printError("bootferryctl: {}\n", bootferry::errorLine(error.what()));
        return bootferry::exitStatusOf(error);
    }
}
