// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-plymouth: shows the progress of bootferryd's transfers on the boot splash. The splash is not
// essential: failures here neither delay the boot nor make it fail.
#include <cstdlib>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "log.h"
#include "programs.h"
#include "standard_streams.h"
#include "transfer_splash.h"
#include "usual_options.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferry-plymouth [--bar-mode=MODE]

Shows the progress of bootferryd's transfers on plymouth's boot splash, until
all have ended. Started by units of the initrd. plymouth may start later, or not
at all.

  --bar-mode=MODE  while there is a percentage, switch plymouth to this mode,
                   whose progress bar shows it: updates, system-upgrade or
                   firmware-upgrade
  -h, --help       show this
      --version    show the version
)";

std::string checkedMode(const std::string& mode) {
    for (const char* known : {"updates", "system-upgrade", "firmware-upgrade"}) {
        if (mode == known) {
            return mode;
        }
    }
    throw Error(
        ErrorCode::Invalid,
        fmt::format("plymouth cannot show this progress in mode '{}': see bootferry-plymouth --help", mode));
}

int run(const std::vector<std::string>& words) {
    constexpr std::string_view barModeOption = "--bar-mode=";
    std::string barMode(bootMode);
    if (answersUsualOption(words, "bootferry-plymouth", help)) {
        return EXIT_SUCCESS;
    }
    for (const auto& word : words) {
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
