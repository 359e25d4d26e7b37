// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-export: what `bootferryctl export` executes, with its arguments. A program of its own: it is
// linked with libarchive, which must not be in an initrd. Its messages begin with "bootferryctl".
#include <cstdlib>

#include "error_line.h"
#include "exit_status.h"
#include "explain.h"
#include "export.h"
#include "log.h"
#include "standard_streams.h"
#include "usual_options.h"
#include "verbs.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferry-export [OPTION...] ISO FOLDER [LINE]

What bootferryctl export executes, with the same arguments:
bootferryctl export --help lists them.

  -h, --help     show this
      --version  show the version
)";

int exportMain(int argc, char** argv) {
    try {
        if (answersUsualOption({argv + 1, argv + argc}, "bootferry-export", help)) {
            return EXIT_SUCCESS;
        }
        std::vector<std::string> words{"export"};
        words.insert(words.end(), argv + 1, argv + argc);
        const auto line = parseCommandLine(allVerbs(), words);
        initLogging("bootferryctl");
        exportIso(parseExport(line), whyRefused);
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        printError("bootferryctl: {}\n", errorLine(error.what()));
        return exitStatusOf(error);
    }
}

} // namespace
} // namespace bootferry

int main(int argc, char** argv) {
    return bootferry::runProgram(bootferry::exportMain, argc, argv);
}
