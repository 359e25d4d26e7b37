// SPDX-License-Identifier: LGPL-2.1-or-later
// The explanation goes to standard output. If the boot would be refused, the reason is also the last line on
// standard error, as for every verb.
#include "explain.h"

#include <algorithm>
#include <cstdlib>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "argument_review.h"
#include "environment.h"
#include "files.h"
#include "generate_boot.h"
#include "generate_units.h"
#include "output_options.h"
#include "plain_text.h"
#include "root_path.h"
#include "shown_argument.h"
#include "source_probe.h"
#include "standard_streams.h"
#include "text.h"
#include "unused_options.h"
#include "worker_start.h"

namespace bootferry {
namespace {

std::string ownCommandLine() {
    return readSmallFile(environment("BOOTFERRY_PROC_CMDLINE", "/proc/cmdline")).value_or("");
}

// The URL that another machine boots from is not known here.
constexpr const char* assumedBootOrigin = "http://boot-origin.invalid/";
constexpr const char* assumedRootPath = "live:http://dhcp-root-path.invalid/live.iso";

struct Explanation {
    std::vector<ReviewedArgument> words;
    std::optional<std::string> assumption;                    // about what bootorigin: stands for
    std::vector<std::pair<const char*, std::string>> ignored; // a program and its option
    std::vector<std::string> warnings; // the generator's, and about options without an effect
    std::vector<UnitFile> units;       // the texts are empty unless requested
    std::vector<UnitLink> links;
    std::vector<std::string> secrets;      // paths of files that only root can read
    std::optional<std::string> notServed;  // why bootferry leaves this boot alone
    std::string plugin;                    // the plugin that accepted the request
    std::optional<std::string> notChecked; // why no plugin was asked
    std::optional<std::string> refusal;
};

void addUnits(Explanation& explanation, const UnitFiles& files, const InstalledPaths& paths, bool texts) {
    const auto add = [&](const std::string& path, const std::string& text) {
        explanation.units.push_back({path, texts ? withoutQueries(text) : ""});
    };
    for (const auto* units : {&files.normal, &files.early}) {
        for (const auto& unit : *units) {
            add(unit.path, unit.text);
        }
    }
    for (const auto& link : files.earlyLinks) {
        explanation.links.push_back(link);
    }
    for (const auto& file : files.network) {
        add(paths.networkDirectory + "/" + file.name, file.text);
    }
    for (const auto& secret : files.secrets) {
        explanation.secrets.push_back(secret.path);
    }
}

// If "live:" is missing, bootferry ignores the line and another program fails on it, so the likely mistake is
// named here.
std::string whyNotServed(const KernelCommandLine& line) {
    const auto* root = line.find("root");
    const auto isLive = [](const std::string& text) { return lowered(text).starts_with("live:"); };
    const auto& words = line.arguments();
    const bool looksMeant = root != nullptr
                                ? root->value && (root->value->find("://") != std::string::npos ||
                                                  lowered(*root->value).starts_with("live"))
                                : std::any_of(words.begin(), words.end(), [&](const KernelArgument& word) {
                                      return isLive(word.value.value_or("")) || isLive(word.name);
                                  });
    if (asksForRootPath(line)) {
        return "bootferry serves this boot if the DHCP server's root path (option 17) is live: and the URL "
               "of an "
               "image; it writes no units before there is a lease.";
    }
    return fmt::format("bootferry does not serve this boot: {}, and it writes no units.{}",
                       root != nullptr ? "root= does not begin with live:" : "there is no root=live:",
                       looksMeant ? " Did you mean root=live:SCHEME://HOST/PATH?" : "");
}

void askPlugins(Explanation& explanation, const BootRequest& boot) {
    const auto& transfer = *boot.transfer();
    auto fetched = transfer;
    const auto beside = boot.verity.fetched(); // with the same options
    fetched.mirrors.insert(fetched.mirrors.end(), beside.begin(), beside.end());
    auto unused = describeUnusedOptions(pluginFolder(), fetched);
    explanation.warnings.insert(explanation.warnings.end(), unused.begin(), unused.end());
    ProbeResult checked;
    try {
        checked = runSourceProbe(transfer, JobPurpose::OptionCheck);
    } catch (const Error& error) {
        explanation.notChecked = error.what();
        return;
    }
    if (checked.failure && checked.failure->code() == ErrorCode::Cancelled) {
        throw *checked.failure;
    }
    if (checked.failure &&
        checked.failure->code() == ErrorCode::Internal) { // the fault is in this machine, not in the line
        explanation.notChecked = checked.failure->what();
    } else if (checked.failure) {
        explanation.refusal = withoutQueries(checked.failure->what());
    } else {
        explanation.plugin = checked.plugin;
    }
}

Explanation explain(const KernelCommandLine& line, bool isOwn, bool texts) {
    Explanation explanation;
    const auto paths = installedPaths();
    const auto origin = [&] {
        return isOwn ? readBootOrigin(paths.efiVariables) : std::optional<std::string>(assumedBootOrigin);
    };
    const auto rootPath = isOwn ? readSmallFile(paths.runtimeDirectory + "/" + rootPathFile)
                                : std::optional<std::string>(assumedRootPath);
    const auto boot = generateBoot(line, paths, origin, rootPath);
    if (!isOwn && asksForBootOrigin(line)) {
        explanation.assumption =
            fmt::format("bootorigin: stands for the URL that the firmware of that machine "
                        "boots from; {} is assumed here.",
                        assumedBootOrigin);
    }
    if (!isOwn && asksForRootPath(line)) {
        explanation.assumption = fmt::format(
            "root=dhcp stands for the DHCP server's root path (option 17); {} is assumed here. Any that "
            "does not begin with live: is left to dracut, or refused where a verified image is demanded.",
            assumedRootPath);
    }
    explanation.words = reviewArguments(boot.line, boot.request ? &*boot.request : nullptr);
    for (auto& word : explanation.words) {
        word.shown = withoutQueries(word.shown);
    }
    if (!boot.files) {
        explanation.notServed = whyNotServed(line);
        return explanation;
    }
    if (boot.request) {
        explanation.warnings = boot.request->remarks;
        for (const auto& option : boot.request->ignoredCurlOptions) {
            explanation.ignored.emplace_back("curl", option);
        }
        for (const auto& option : boot.request->ignoredDollyOptions) {
            explanation.ignored.emplace_back("dolly", option);
        }
    }
    addUnits(explanation, *boot.files, paths, texts);
    if (boot.refusal) {
        explanation.refusal = withoutQueries(*boot.refusal);
    } else if (boot.request->transfer() != nullptr) {
        askPlugins(explanation, *boot.request);
    }
    return explanation;
}

void printWords(const std::vector<ReviewedArgument>& review) {
    constexpr std::size_t widest = 44;
    std::size_t width = 0;
    for (const auto& word : review) {
        width = std::max(width, std::min(widest, escapedText(word.shown).size()));
    }
    for (const auto& word : review) {
        printOutput("{:<{}}  {}\n", escapedText(word.shown), width, escapedText(word.meaning));
    }
}

void print(const Explanation& explanation) {
    printWords(explanation.words);
    if (explanation.notServed) {
        printOutput("\n{}\n", *explanation.notServed);
        return;
    }
    if (explanation.assumption) {
        printOutput("\n{}\n", *explanation.assumption);
    }
    for (const auto& [program, option] : explanation.ignored) {
        printOutput("{}'s option {}; ignored\n", program, escapedText(option));
    }
    for (const auto& warning : explanation.warnings) {
        printOutput("warning: {}\n", escapedText(warning));
    }
    printOutput("\nUnits that the generator writes:\n");
    for (const auto& unit : explanation.units) {
        printOutput("  {}\n", escapedText(unit.path));
        for (const auto line : linesOf(unit.text)) {
            printOutput("    {}\n", escapedText(line));
        }
    }
    for (const auto& link : explanation.links) {
        printOutput("  {} -> {}\n", escapedText(link.path), escapedText(link.target));
    }
    for (const auto& secret : explanation.secrets) {
        printOutput("  {} (secrets: not shown, only root can read it)\n", escapedText(secret));
    }
    if (explanation.notChecked) {
        printOutput("\nThe options of plugins are not checked: {}\n", escapedText(*explanation.notChecked));
    } else if (!explanation.plugin.empty()) {
        printOutput("\nThe plugin {} accepts the request.\n", explanation.plugin);
    }
}

const char* nameOf(ReviewedArgument::Use use) {
    switch (use) {
    case ReviewedArgument::Use::Read:
        return "read";
    case ReviewedArgument::Use::NoEffect:
        return "no-effect";
    case ReviewedArgument::Use::Suspicious:
        return "suspicious";
    case ReviewedArgument::Use::Foreign:
        break;
    }
    return "foreign";
}

JsonObject objectOf(const char* kind) {
    JsonObject object;
    object.add("kind", kind);
    return object;
}

JsonObject verdictOf(const Explanation& explanation) {
    auto verdict = objectOf("verdict");
    verdict.add("served", !explanation.notServed && !explanation.refusal);
    verdict.add("refused", explanation.refusal.has_value());
    const auto add = [&](const char* key, const std::string& text) {
        if (text.empty()) {
            verdict.addNull(key);
        } else {
            verdict.add(key, text);
        }
    };
    add("message", explanation.refusal.value_or(explanation.notServed.value_or("")));
    add("plugin", explanation.plugin);
    add("unchecked", explanation.notChecked.value_or(""));
    return verdict;
}

std::string toJson(const Explanation& explanation, JsonStyle style) {
    std::vector<JsonObject> objects;
    for (const auto& word : explanation.words) {
        auto& object = objects.emplace_back(objectOf("word"));
        object.add("word", word.shown);
        object.add("use", nameOf(word.use));
        object.add("meaning", word.meaning);
    }
    if (explanation.assumption) {
        objects.emplace_back(objectOf("assumption")).add("text", *explanation.assumption);
    }
    for (const auto& [program, option] : explanation.ignored) {
        auto& object = objects.emplace_back(objectOf("ignored"));
        object.add("program", program);
        object.add("option", option);
    }
    for (const auto& warning : explanation.warnings) {
        objects.emplace_back(objectOf("warning")).add("text", warning);
    }
    for (const auto& unit : explanation.units) {
        auto& object = objects.emplace_back(objectOf("unit"));
        object.add("path", unit.path);
        if (!unit.text.empty()) {
            object.add("text", unit.text);
        }
    }
    for (const auto& link : explanation.links) {
        auto& object = objects.emplace_back(objectOf("link"));
        object.add("path", link.path);
        object.add("target", link.target);
    }
    for (const auto& secret : explanation.secrets) {
        objects.emplace_back(objectOf("secret")).add("path", secret);
    }
    objects.push_back(verdictOf(explanation));
    return jsonArray(objects, style);
}

} // namespace

std::optional<std::string> whyRefused(const KernelCommandLine& line) {
    const auto explanation = explain(line, false, false);
    return explanation.refusal ? explanation.refusal : explanation.notServed;
}

int runExplain(const CommandLine& command) {
    const auto json = jsonStyleOf(command);
    const auto text =
        command.words.empty() ? ownCommandLine() : fmt::format("{}", fmt::join(command.words, " "));
    const auto explanation =
        explain(KernelCommandLine::parse(text), command.words.empty(), command.has("units"));
    if (json) {
        printOutput("{}\n", toJson(explanation, *json));
    } else {
        print(explanation);
    }
    if (!explanation.refusal) {
        return EXIT_SUCCESS;
    }
    (void)flushOutput();
    printError("bootferryctl: the boot would be refused: {}\n", escapedText(*explanation.refusal));
    return EXIT_FAILURE;
}

} // namespace bootferry
