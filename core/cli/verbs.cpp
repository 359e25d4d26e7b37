// SPDX-License-Identifier: LGPL-2.1-or-later
// Options that several verbs share are in one list; those of a single verb are in a list of their own.
#include "verbs.h"

#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "check_url.h"
#include "deploy.h"
#include "dolly_send.h"
#include "explain.h"
#include "export_verb.h"
#include "fetch_verbs.h"
#include "monitor.h"
#include "plugins_verb.h"
#include "profile_verb.h"
#include "standard_streams.h"
#include "verify.h"
#include "watch_verbs.h"

namespace bootferry {
namespace {

// clang-format off
constexpr Option sourceOptions[] = {
    {0, "mirror", "URL", "another URL of the same image (repeatable)"},
    {0, "checksum", "CHECKSUM", "sha256:HEX, HEX, or a SHA256SUMS file or URL"},
    {0, "connections", "N", "maximum connections to one server (" BOOTFERRY_CONNECTIONS_TEXT ")"},
};
constexpr Option transportOptions[] = { // for every verb that fetches
    {0, "option", "PLUGIN:KEY=VALUE", "option of a transport plugin (repeatable)"},
    {0, "options-file", "FILE", "read such options from FILE, one per line"},
    {0, "userinfo-file", "FILE", "read user[:password] for URL from FILE"},
    {0, "stall-timeout", "TIME", "retry when no data arrives for this time (30 s)"},
    {0, "timeout", "TIME", "fail after this time; 0: never"},
};
constexpr Option fetchOptions[] = {
    {0, "reset", nullptr, "overwrite data on DEVICE"},
    {'o', "output", "FILE", "write to FILE, like the second argument"},
    {0, "signature", "URL|FILE|auto", "the list's OpenPGP signature; auto: beside it"},
    {0, "keyring", "FILE", "keys to trust (/etc/bootferry/keys; repeatable)"},
    {0, "limit-rate", "RATE", "maximum bytes per second, such as 500K or 10M"},
    {0, "decode", nullptr, "decompress gzip, xz and zstd"},
    {0, "continue", nullptr, "resume from FILE.part if possible (default)"},
    {0, "no-continue", nullptr, "start over"},
    {0, "json", "short|pretty|off", "print events as JSON"},
    {'q', "quiet", nullptr, "print only warnings and errors"},
    {'v', "verbose", nullptr, "print debug messages, too"},
};
constexpr Option checkOptions[] = {
    {0, "dir", "FOLDER", "folder of the root image: rd.live.dir= (LiveOS)"},
    {0, "squashimg", "FILENAME", "its name: rd.live.squashimg= (squashfs.img)"},
    {'q', "quiet", nullptr, "print only warnings and errors, and JSON"},
    {'v', "verbose", nullptr, "print debug messages, too"},
};
constexpr Option deployOptions[] = {
    {0, "reset", nullptr, "overwrite data on DEVICE"},
    {0, "on-demand", nullptr, "end when the image can be read"},
    {0, "signature", "URL|auto", "the list's OpenPGP signature; auto: beside it"},
    {0, "verify", "required", "refuse an image that is not in a signed list"},
    {0, "ramdisk-size", "BYTES", "size of the RAM disk (the image's)"},
    {'q', "quiet", nullptr, "print only warnings and errors"},
};
constexpr Option treeOptions[] = {
    {0, "roothash", "HEX", "refuse a hash tree that has another root hash"},
    {0, "mirror", "URL", "another URL of the hash tree (repeatable)"},
};
constexpr Option dollyOptions[] = {
    {0, "generation", "classic|0.7", "of dolly 0.58 to 0.64, or from 0.70 on (0.7)"},
    {0, "password-file", "FILE", "read the nodes' password from FILE; 0.7 only"},
    {0, "fanout", "N", "nodes that each node sends to (1); classic only"},
    {'o', "output", "PATH", "where nodes that run dolly write (/IMAGE)"},
    {0, "control-port", "PORT", "control port of the hosts (9997)"},
    {0, "data-port", "PORT", "data port of the hosts (9998)"},
    {0, "timeout", "TIME", "fail when a node stalls for this time"},
    {'q', "quiet", nullptr, "print only errors"},
};
constexpr Option outputOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "no-pager", nullptr, "ignored, for compatibility"},
};
constexpr Option pluginOptions[] = {
    {0, "options", nullptr, "list the plugins' options; needs no service"},
    {0, "describe", "PLUGIN", "describe a plugin, by name or file; no service"},
};
constexpr Option verifyOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "checksum", "CHECKSUM", "sha256:HEX, HEX, or a SHA256SUMS file or URL"},
    {0, "size", "BYTES", "size of the image"},
    {0, "name", "NAME", "file name of the image in the list"},
    {'q', "quiet", nullptr, "print only errors, and JSON"},
};
constexpr Option explainOptions[] = {
    {0, "json", "short|pretty|off", "JSON instead of text"},
    {0, "units", nullptr, "show the text of each unit, too"},
};

constexpr Option exportOptions[] = {
    {0, "url", "URL", "FOLDER's URL for machines (required)"},
    {0, "name", "NAME", "of image and entries (the ISO's)"},
    {0, "kernel", "PATH", "the kernel in the ISO"},
    {0, "initrd", "PATH", "the initrd in the ISO"},
    {0, "initrd-file", "FILE", "a local initrd, not the ISO's"},
    {0, "link", nullptr, "make a hard link, not a copy"},
    {0, "dhcp", "all|dnsmasq|isc|kea|none", "whose settings to print (all)"},
    {'q', "quiet", nullptr, "print only these, warnings and errors"},
};

int runHelp(const CommandLine& line);

constexpr Verb table[] = {
    {"fetch", "URL [FILE|DEVICE]", 1, 2, VerbKind::Alone, "Download URL",
     {sourceOptions, transportOptions, fetchOptions}, runFetch,
     "\nWithout FILE, the URL's last part is its name. FILE appears only when it is\n"
     "complete; - is standard output. Data on DEVICE is overwritten only with --reset.\n"
     "A transfer resumes after a broken connection; without --timeout it fails when\n"
     "nothing arrives for 5 min.\n"},
    {"dolly-send", "IMAGE HOST...", 2, anyNumber, VerbKind::Alone, "Send a file or block device down a chain",
     {dollyOptions}, runDollySend},
    {"check", "URL", 1, 1, VerbKind::Alone, "Check whether a boot from URL would work",
     {sourceOptions, transportOptions, checkOptions, outputOptions}, runCheck},
    {"verify", "DEVICE|FILE", 1, 1, VerbKind::Alone, "Verify the checksum of a device or file",
     {verifyOptions}, runVerify},
    {"explain", "[LINE]", 0, anyNumber, VerbKind::Alone, "Explain a kernel command line, by default this one",
     {explainOptions}, runExplain},
    {"profile", "[FILE]", 0, 1, VerbKind::Alone, "Write what the boot has read of its image", {}, runProfile,
     "\nNeeds a boot on demand (rd.bootferry.ondemand) whose image has arrived. Without\n"
     "FILE, the name is IMAGE.profile; - is standard output. Put the file beside the\n"
     "image on the server: the next boot on demand fetches first what it names.\n"},
    {"export", "ISO FOLDER [LINE]", 2, anyNumber, VerbKind::Alone, "Let machines boot an ISO over the network",
     {exportOptions}, runExport,
     "\nCopies the kernel, the initrd and the ISO into FOLDER, the root of a TFTP and\n"
     "web server, and writes entries for pxelinux, GRUB and iPXE, with root=live:URL/\n"
     "and the kernel options of LINE. Prints what a DHCP server needs.\n"},
    {"help", "[VERB]", 0, 1, VerbKind::Alone, "Show this, or the options of VERB", {}, runHelp},
    {"deploy", "URL DEVICE", 2, 2, VerbKind::WithService, "Make bootferryd fetch a live image",
     {sourceOptions, transportOptions, deployOptions}, runDeploy},
    {"list", "", 0, 0, VerbKind::WithService, "List the transfers, one per line", {outputOptions}, runList},
    {"status", "[TRANSFER]", 0, 1, VerbKind::WithService, "Show details of transfers",
     {outputOptions}, runStatus},
    {"monitor", "[TRANSFER]", 0, 1, VerbKind::WithService, "Show changes, until TRANSFER ends",
     {outputOptions}, runMonitor},
    {"cancel", "TRANSFER", 1, 1, VerbKind::WithService, "Cancel a transfer", {}, runCancel},
    {"plugins", "", 0, 0, VerbKind::WithService, "List the plugins: name, version, schemes",
     {outputOptions, pluginOptions}, runPlugins},
    {"refuse", "REASON", 1, 1, VerbKind::WithService, "Fail the boot with REASON (for units)", {}, runRefuse},
    {"hash-tree", "URL TREE FILE", 3, 3, VerbKind::Alone, "Download URL's hash tree (for units)",
     {treeOptions, transportOptions}, runFetchTree},
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
