// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-plymouth: shows on a boot splash what bootferryd does. A splash is an ornament: whatever goes
// wrong here, the boot neither waits for it nor fails by it.
#include <cstdlib>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "log.h"
#include "programs.h"
#include "standard_streams.h"
#include "transfer_splash.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferry-plymouth [--bar-mode=MODE]

Shows on plymouth's boot splash how the transfers of bootferryd get on, and ends with them.
Started by the initrd's units; whether there is a plymouth, and when, does not matter.

  --bar-mode=MODE  while there is a percentage, put the splash into this mode of plymouth's, whose
                   progress bar shows it: updates, system-upgrade or firmware-upgrade
  --help           show this
  --version        show the version
)";

std::string checkedMode(const std::string& mode) {
    for (const char* known : {"updates", "system-upgrade", "firmware-upgrade"}) {
        if (mode == known) {
            return mode;
        }
    }
    throw Error(
        ErrorCode::Invalid,
        fmt::format("plymouth shows no progress of ours in a mode '{}': see bootferry-plymouth --help",
                    mode));
}

int run(const std::vector<std::string>& words) {
    constexpr std::string_view barModeOption = "--bar-mode=";
    std::string barMode(bootMode);
    for (const auto& word : words) {
        if (word == "--help") {
            printOutput("{}", help);
            return EXIT_SUCCESS;
        }
        if (word == "--version") {
            printOutput("bootferry-plymouth {}\n", BOOTFERRY_VERSION);
            return EXIT_SUCCESS;
        }
        if (!word.starts_with(barModeOption)) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("unknown argument '{}': see bootferry-plymouth --help", word));
        }
        barMode = checkedMode(word.substr(barModeOption.size()));
    }
    TransferSplash(barMode).run();
    return EXIT_SUCCESS;
}

} // namespace
} // namespace bootferry

int bootferry_plymouth_main(int argc, char** argv) {
    bootferry::initLogging("bootferry-plymouth");
    try {
        return bootferry::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        bootferry::logError(error.what());
        return EXIT_FAILURE;
    }
}
