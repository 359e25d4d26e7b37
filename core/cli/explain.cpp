// SPDX-License-Identifier: LGPL-2.1-or-later
// The explanation goes to standard output. If the boot would be refused, the reason is also the last line on
// standard error, as for every verb.
#include "explain.h"

#include <algorithm>
#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "argument_review.h"
#include "files.h"
#include "generate_units.h"
#include "look_job.h"
#include "plain_text.h"
#include "standard_streams.h"
#include "text.h"

namespace bootferry {
namespace {

std::string ownCommandLine() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char* file = std::getenv("BOOTFERRY_PROC_CMDLINE");
    return readSmallFile(file != nullptr ? file : "/proc/cmdline").value_or("");
}

void printWords(const std::vector<ReviewedArgument>& review) {
    constexpr std::size_t widest = 44;
    std::size_t width = 0;
    for (const auto& word : review) {
        width = std::max(width, std::min(widest, plainText(word.shown).size()));
    }
    for (const auto& word : review) {
        printOutput("{:<{}}  {}\n", plainText(word.shown), width, plainText(word.meaning));
    }
}

void printIgnored(const char* program, const std::vector<std::string>& options) {
    for (const auto& option : options) {
        printOutput("{}'s option {}; ignored\n", program, plainText(option));
    }
}

void printText(const std::string& text) {
    for (const auto line : linesOf(text)) {
        printOutput("    {}\n", plainText(line));
    }
}

void printUnits(const UnitFiles& files, const InstalledPaths& paths, bool texts) {
    printOutput("\nUnits that the generator writes:\n");
    const auto print = [&](const std::string& name, const std::string& text) {
        printOutput("  {}\n", plainText(name));
        if (texts) {
            printText(text);
        }
    };
    for (const auto* units : {&files.normal, &files.early}) {
        for (const auto& unit : *units) {
            print(unit.path, unit.text);
        }
    }
    for (const auto& link : files.earlyLinks) {
        printOutput("  {} -> {}\n", link.path, link.target);
    }
    for (const auto& file : files.network) {
        print(paths.networkDirectory + "/" + file.name, file.text);
    }
    for (const auto& secret : files.secrets) {
        printOutput("  {} (secrets: not shown, only root can read it)\n", secret.path);
    }
}

// If "live:" is missing, bootferry ignores the line and another program fails on it, so the likely mistake is
// named here.
void printForeign(const KernelCommandLine& line) {
    const auto* root = line.find("root");
    const bool looksMeant =
        root != nullptr && root->value &&
        (root->value->find("://") != std::string::npos || lowered(*root->value).starts_with("live"));
    printOutput("\nbootferry does not serve this boot: {}, and it writes no units.{}\n",
                root != nullptr ? "root= does not begin with live:" : "there is no root=live:",
                looksMeant ? " Did you mean root=live:SCHEME://HOST/PATH?" : "");
}

// Why the installed plugins would refuse the boot, nullopt if they would not.
std::optional<std::string> refusalOfPlugins(const TransferRequest& transfer) {
    LookResult checked;
    try {
        checked = runLookJob(transfer, JobPurpose::OptionCheck);
    } catch (const Error& error) {
        printOutput("\nThe options of plugins are not checked: {}\n", plainText(error.what()));
        return std::nullopt;
    }
    if (checked.failure) {
        if (checked.failure->code() == ErrorCode::Cancelled) {
            throw *checked.failure;
        }
        return checked.failure->what();
    }
    printOutput("\nThe plugin {} accepts the request.\n", checked.plugin);
    return std::nullopt;
}

int refused(const std::string& reason) {
    (void)flushOutput();
    printError("bootferryctl: the boot would be refused: {}\n", plainText(reason));
    return EXIT_FAILURE;
}

} // namespace

int runExplain(const CommandLine& command) {
    const auto text =
        command.words.empty() ? ownCommandLine() : fmt::format("{}", fmt::join(command.words, " "));
    const auto line = KernelCommandLine::parse(text);
    const auto paths = installedPaths();
    const auto boot = generateBoot(line, paths);
    printWords(reviewArguments(line, boot.request ? &*boot.request : nullptr));
    if (!boot.files) {
        printForeign(line);
        return EXIT_SUCCESS;
    }
    if (boot.request) {
        printIgnored("curl", boot.request->ignoredCurlOptions);
        printIgnored("dolly", boot.request->ignoredDollyOptions);
    }
    printUnits(*boot.files, paths, command.has("units"));
    if (boot.refusal) {
        return refused(*boot.refusal);
    }
    const auto* transfer = boot.request->transfer();
    const auto refusal = transfer != nullptr ? refusalOfPlugins(*transfer) : std::nullopt;
    return refusal ? refused(*refusal) : EXIT_SUCCESS;
}

} // namespace bootferry
