// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryctl: verbs in a table; what is not in it is answered with what is.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "deploy.h"
#include "dolly_send.h"
#include "errors.h"
#include "fetch.h"
#include "log.h"
#include "monitor.h"
#include "programs.h"
#include "standard_streams.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

constexpr const char* help = R"(bootferryctl VERB [OPTION...] [ARGUMENT...]

Without a service:
  fetch [OPTION...] URL FILE|DEVICE   fetch what is behind URL
  dolly-send [OPTION...] IMAGE HOST...  send a file or block device down a chain

With bootferryd:
  deploy [OPTION...] URL DEVICE       fetch a live image into DEVICE, and wait
  list                                transfers: number, state, progress, target, URL
  status [TRANSFER]                   all there is to know of one, or of each, and
                                      of the boot's own (without a service as well)
  monitor [TRANSFER]                  a line for each change; ends with TRANSFER
  cancel TRANSFER                     end it
  plugins                             what is installed: name, version, schemes
  refuse REASON                       fail a boot, and say why (for units)

A transfer resumes where a connection broke, for as long as it takes. FILE
appears only when it is whole; - is standard output. What lies on DEVICE is only
overwritten with --reset.

  --mirror=URL               another place for the same bytes (repeatable)
  --checksum=sha256:HEX|URL  refuse other bytes; sha512: or a SHA256SUMS file as well
  --decode                   into a FILE as well, unpack gzip, xz and zstd
  --option=PLUGIN:KEY=VALUE  an option of a transport plugin (repeatable)
  --options-file=FILE        such options, one a line, where others cannot read them
  --userinfo-file=FILE       user[:password] for URL, percent-encoded
  --stall-timeout=TIME       nothing arrived for so long: try again (30 s)
  --timeout=TIME             give up altogether after so long (never)
  --connections=N            to one server at a time, at most (6)
  --ramdisk-size=BYTES       of a RAM disk (deploy only; by default the image's size)
  --reset                    overwrite what lies on DEVICE
  --json=short|pretty|off    JSON instead of text (list, status, monitor, plugins)
  --no-pager                 accepted and without effect: there is no pager

Of dolly-send, beside --timeout (of the nodes' silence; never):
  --generation=classic|0.7   the protocol: dolly 0.58 to 0.64, or 0.70 and later (0.7)
  --password-file=FILE       what the nodes want to hear; 0.7 only
  --fanout=N                 nodes that each one passes the bytes on to (1); classic only
  --output=PATH              where a real dolly writes to (/ and IMAGE's name)
  --control-port=PORT        (9997)
  --data-port=PORT           (9998)

  --help                     show this
  --version                  show the version

Exit status: 0 done, 1 failed, 130 interrupted.
)";

struct Verb {
    std::string_view name;
    int (*run)(const std::vector<std::string>& arguments);
};

constexpr Verb verbs[] = {
    {"fetch", runFetch},   {"dolly-send", runDollySend}, {"deploy", runDeploy},
    {"list", runList},     {"status", runStatus},        {"monitor", runMonitor},
    {"cancel", runCancel}, {"plugins", runPlugins},      {"refuse", runRefuse},
};

int run(const std::vector<std::string>& words) {
    if (words.empty() || words.front() == "--help" || words.front() == "help") {
        printOutput("{}", help);
        return words.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (words.front() == "--version") {
        printOutput("bootferryctl {}\n", BOOTFERRY_VERSION);
        return EXIT_SUCCESS;
    }
    for (const auto& verb : verbs) {
        if (verb.name == words.front()) {
            return verb.run({words.begin() + 1, words.end()});
        }
    }
    throw Error(ErrorCode::Invalid, fmt::format("unknown verb '{}': see bootferryctl --help", words.front()));
}

} // namespace
} // namespace bootferry

int bootferryctl_main(int argc, char** argv) {
    try {
        bootferry::initLogging("bootferryctl");
        return bootferry::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        bootferry::printError("bootferryctl: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
