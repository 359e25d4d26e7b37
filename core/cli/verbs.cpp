// SPDX-License-Identifier: LGPL-2.1-or-later
// Options that several verbs share are in one list; those of a single verb are in a list of their own.
#include "verbs.h"

#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "check_url.h"
#include "deploy.h"
#include "dolly_send.h"
#include "explain.h"
#include "fetch.h"
#include "monitor.h"
#include "standard_streams.h"
#include "verify.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

// clang-format off
constexpr Option sourceOptions[] = {
    {0, "mirror", "URL", "another place for the same bytes (repeatable)"},
    {0, "checksum", "CHECKSUM", "sha256:HEX, HEX, or SHA256SUMS' name or URL"},
    {0, "option", "PLUGIN:KEY=VALUE", "an option of a transport plugin (repeatable)"},
    {0, "options-file", "FILE", "file of such options, one per line, for secrets"},
    {0, "userinfo-file", "FILE", "user[:password] for URL, percent-encoded"},
    {0, "stall-timeout", "TIME", "retry when no data arrives for this time (30 s)"},
    {0, "timeout", "TIME", "fail after this time; 0: never"},
    {0, "connections", "N", "to one server at a time, at most (6)"},
};
constexpr Option fetchOptions[] = {
    {0, "reset", nullptr, "overwrite data on DEVICE"},
    {'o', "output", "FILE", "where to, instead of behind the URL"},
    {0, "limit-rate", "RATE", "bytes per second at most, such as 500K or 10M"},
    {0, "decode", nullptr, "unpack gzip, xz and zstd into a FILE, too"},
    {0, "continue", nullptr, "continue FILE.part of an earlier try (default)"},
    {0, "no-continue", nullptr, "start over"},
    {0, "json", "short|pretty|off", "events on standard output instead of text"},
    {'q', "quiet", nullptr, "print nothing but failures"},
    {'v', "verbose", nullptr, "print what the transport plugin does, too"},
};
constexpr Option deployOptions[] = {
    {0, "reset", nullptr, "overwrite data on DEVICE"},
    {0, "ramdisk-size", "BYTES", "of a RAM disk (by default the image's size)"},
};
constexpr Option dollyOptions[] = {
    {0, "generation", "classic|0.7", "dolly 0.58 to 0.64, or 0.70 and later (0.7)"},
    {0, "password-file", "FILE", "the nodes' password; 0.7 only"},
    {0, "fanout", "N", "nodes that each node sends to (1); classic only"},
    {'o', "output", "PATH", "target of dolly's own nodes (/ and IMAGE's name)"},
    {0, "control-port", "PORT", "(9997)"},
    {0, "data-port", "PORT", "(9998)"},
    {0, "timeout", "TIME", "fail when a node makes no progress for so long"},
};
constexpr Option outputOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "no-pager", nullptr, "accepted without effect: there is no pager"},
};
constexpr Option pluginOptions[] = {
    {0, "options", nullptr, "list what --option= can be; needs no service"},
};
constexpr Option verifyOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "checksum", "CHECKSUM", "sha256:HEX, HEX, or SHA256SUMS' name or URL"},
    {0, "size", "BYTES", "of the image on a medium"},
    {0, "name", "NAME", "of the image in a list of checksums"},
};
constexpr Option explainOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "units", nullptr, "the texts of the units as well"},
};

int runHelp(const CommandLine& line);

constexpr Verb table[] = {
    {"fetch", "URL [FILE|DEVICE]", 1, 2, VerbKind::Alone, "Download URL",
     {sourceOptions, fetchOptions}, runFetch,
     "\nWithout FILE, the URL's last part is its name. FILE appears only when it is\n"
     "complete; - is standard output. Data on DEVICE is overwritten only with --reset.\n"
     "A transfer resumes after a broken connection; without --timeout it fails when\n"
     "nothing arrives for 5 min.\n"},
    {"dolly-send", "IMAGE HOST...", 2, anyNumber, VerbKind::Alone, "Send a file or block device down a chain",
     {dollyOptions}, runDollySend},
    {"check", "URL", 1, 1, VerbKind::Alone, "Check whether a boot from URL would work",
     {sourceOptions, outputOptions}, runCheck},
    {"verify", "DEVICE|FILE", 1, 1, VerbKind::Alone, "Read a medium again and compare its checksum",
     {verifyOptions}, runVerify},
    {"explain", "[LINE]", 0, anyNumber, VerbKind::Alone, "Explain a kernel command line, by default this one",
     {explainOptions}, runExplain},
    {"help", "[VERB]", 0, 1, VerbKind::Alone, "Show this, or the options of VERB", {}, runHelp},
    {"deploy", "URL DEVICE", 2, 2, VerbKind::WithService, "Fetch a live image into DEVICE, and wait",
     {sourceOptions, deployOptions}, runDeploy},
    {"list", "", 0, 0, VerbKind::WithService, "List the transfers, one per line", {outputOptions}, runList},
    {"status", "[TRANSFER]", 0, 1, VerbKind::WithService, "Show details of transfers, and of the boot's",
     {outputOptions}, runStatus},
    {"monitor", "[TRANSFER]", 0, 1, VerbKind::WithService, "Show each change; ends with TRANSFER",
     {outputOptions}, runMonitor},
    {"cancel", "TRANSFER", 1, 1, VerbKind::WithService, "Cancel a transfer", {}, runCancel},
    {"plugins", "", 0, 0, VerbKind::WithService, "List the plugins: name, version, schemes",
     {outputOptions, pluginOptions}, runPlugins},
    {"refuse", "REASON", 1, 1, VerbKind::WithService, "Fail the boot with REASON (for units)", {}, runRefuse},
    {"remark", "TEXT", 1, 1, VerbKind::Alone, "Log TEXT as a warning (for units)", {}, runRemark},
};
// clang-format on

std::string section(VerbKind kind, const char* title) {
    auto text = fmt::format("\n{}:\n", title);
    for (const auto& verb : table) {
        if (verb.kind == kind) {
            text += fmt::format("  {:<27} {}\n", fmt::format("{} {}", verb.name, verb.arguments), verb.text);
        }
    }
    return text;
}

int runHelp(const CommandLine& line) {
    printOutput("{}", line.words.empty() ? overview() : helpOf(findVerb(table, line.words.front())));
    return EXIT_SUCCESS;
}

} // namespace

Verbs allVerbs() {
    return table;
}

std::string overview() {
    return "bootferryctl VERB [OPTION...] [ARGUMENT...]\n" + section(VerbKind::Alone, "Without a service") +
           section(VerbKind::WithService, "With bootferryd") +
           R"(
  -h, --help                  show this; after a VERB, its options
      --version               show the version

Exit status: 0 done, 2 wrong command line, 10-19 the source failed, 20-25 this
machine, 30 no bootferryd, 130 interrupted, 1 other; see bootferryctl(1).
)";
}

} // namespace bootferry
