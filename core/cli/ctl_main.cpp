// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryctl: a table of the verbs, each with the function that runs it.
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
  fetch [OPTION...] URL FILE|DEVICE   download URL
  dolly-send [OPTION...] IMAGE HOST...  send a file or block device down a chain

With bootferryd:
  deploy [OPTION...] URL DEVICE       fetch a live image into DEVICE, and wait
  list                                transfers: number, state, progress, target, URL
  status [TRANSFER]                   details of one or all transfers, and of the
                                      boot's transfer (needs no service)
  monitor [TRANSFER]                  a line for each change; ends with TRANSFER
  cancel TRANSFER                     cancel a transfer
  plugins                             installed plugins: name, version, schemes
  refuse REASON                       fail the boot with REASON (for units)

A transfer resumes after a broken connection, without limit. FILE appears only
when it is complete; - is standard output. Data on DEVICE is overwritten only
with --reset.

  --mirror=URL               another place for the same bytes (repeatable)
  --checksum=sha256:HEX|URL  expected checksum; sha512: or the URL of a SHA256SUMS file
  --decode                   unpack gzip, xz and zstd into a FILE, too
  --continue                 continue FILE.part of an earlier fetch (the default)
  --no-continue              start over
  --option=PLUGIN:KEY=VALUE  an option of a transport plugin (repeatable)
  --options-file=FILE        file of such options, one per line, for secrets
  --userinfo-file=FILE       user[:password] for URL, percent-encoded
  --stall-timeout=TIME       retry when no data arrives for this time (30 s)
  --timeout=TIME             fail after this time (never)
  --connections=N            to one server at a time, at most (6)
  --ramdisk-size=BYTES       of a RAM disk (deploy only; by default the image's size)
  --reset                    overwrite data on DEVICE
  --json=short|pretty|off    JSON instead of text (list, status, monitor, plugins)
  --no-pager                 accepted without effect: there is no pager

Options of dolly-send, beside --timeout (for a node that does not answer; never):
  --generation=classic|0.7   the protocol: dolly 0.58 to 0.64, or 0.70 and later (0.7)
  --password-file=FILE       the nodes' password; 0.7 only
  --fanout=N                 nodes that each node sends to (1); classic only
  --output=PATH              target of dolly's own nodes (/ and IMAGE's name)
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
