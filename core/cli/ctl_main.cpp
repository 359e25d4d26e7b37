// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryctl: verbs in a table; what is not in it is answered with what is.
#include <cstdlib>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "errors.h"
#include "fetch.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferryctl fetch [OPTION...] URL FILE

Fetch what is behind URL into FILE. It resumes where a connection broke, for as
long as it takes, and FILE appears only when it is whole.

  --mirror=URL               another place for the same bytes (repeatable)
  --checksum=sha256:HEX      refuse other bytes; sha512: as well
  --option=PLUGIN:KEY=VALUE  an option of a transport plugin (repeatable)
  --stall-timeout=SECONDS    nothing arrived for so long: try again (30)
  --timeout=SECONDS          give up altogether after so long (never)
  --help                     show this
  --version                  show the version

Exit status: 0 done, 1 failed, 130 interrupted.
)";

int run(const std::vector<std::string>& words) {
    if (words.empty() || words.front() == "--help" || words.front() == "help") {
        fmt::print("{}", help);
        return words.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (words.front() == "--version") {
        fmt::print("bootferryctl {}\n", BOOTFERRY_VERSION);
        return EXIT_SUCCESS;
    }
    if (words.front() == "fetch") {
        return runFetch({words.begin() + 1, words.end()});
    }
    throw Error(ErrorCode::Invalid, fmt::format("unknown verb '{}': see bootferryctl --help", words.front()));
}

} // namespace
} // namespace bootferry

int main(int argc, char** argv) {
    try {
        bootferry::initLogging("bootferryctl");
        return bootferry::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "bootferryctl: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
