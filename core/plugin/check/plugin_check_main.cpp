// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-plugin-check MODULE URL: checks a plugin against the rules of bootferry/plugin.h and prints the
// results as TAP.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "log.h"

#include "errors.h"
#include "faulty_proxy.h"
#include "isolated_run.h"
#include "linkage.h"
#include "plain_text.h"
#include "standard_streams.h"
#include "text.h"
#include "url.h"
#include "usual_options.h"

namespace bootferry {
namespace {

constexpr int couldNotRun = 2;

constexpr const char* help =
    R"(bootferry-plugin-check [OPTION...] MODULE URL

Check whether the plugin in the file MODULE follows the rules of the plugin
interface, using the resource at URL. Use a resource of one or a few megabytes
that does not change during the checks.

  --expect-sha256 HEX      the SHA-256 of the resource
  --option KEY=VALUE       set an option of the plugin (repeatable)
  --login-option KEY=VALUE the same, of an option that logs in or identifies:
                           whether it is kept from other servers (repeatable)
  --credential NAME=VALUE  a secret that the plugin may request (repeatable)
  --missing-url URL        a resource that does not exist on the server
  --waiting-url URL        where the server never answers, to check cancelling
  --changed-url URL        the resource with other bytes, to check validators
  --check TEXT             only checks with TEXT in their name (repeatable)
  --time-limit SECONDS     for each check (60)
  --no-sandbox             for debuggers and sanitizers, which need more calls
  -h, --help               show this
      --version            show the version

Exit status: 0 all checks passed, 1 a check failed, 2 a check could not run.
)";

struct Arguments {
    CheckSettings settings;
    Isolation isolation;
    std::vector<std::string> wanted; // parts of the checks' names; none: all checks
    std::optional<Url> url;
};

std::pair<std::string, std::string> keyAndValue(std::string_view text) {
    const auto equals = text.find('=');
    return {std::string(text.substr(0, equals)),
            equals == std::string_view::npos ? "" : std::string(text.substr(equals + 1))};
}

// All of these take a value.
void requireOption(std::string_view name) {
    for (const std::string_view known :
         {"expect-sha256", "option", "login-option", "credential", "missing-url", "waiting-url",
          "changed-url", "check", "time-limit"}) {
        if (name == known) {
            return;
        }
    }
    throw Error(ErrorCode::Invalid, fmt::format("unknown option '--{}': see --help", name));
}

void applyOption(Arguments& arguments, std::string_view name, std::string_view value) {
    requireOption(name);
    auto& settings = arguments.settings;
    if (name == "expect-sha256") {
        settings.expectedSha256 = value;
    } else if (name == "option") {
        settings.plugin.options.push_back(keyAndValue(value));
    } else if (name == "login-option") {
        settings.logins.push_back(keyAndValue(value));
        settings.plugin.options.push_back(settings.logins.back());
    } else if (name == "credential") {
        settings.plugin.credentials.insert(keyAndValue(value));
    } else if (name == "missing-url") {
        settings.missingUrl = value;
    } else if (name == "waiting-url") {
        settings.waitingUrl = value;
    } else if (name == "changed-url") {
        settings.changedUrl = value;
    } else if (name == "check") {
        arguments.wanted.emplace_back(value);
    } else if (name == "time-limit") {
        const auto seconds = parseNumber<unsigned>(value);
        if (!seconds || *seconds == 0) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("--time-limit: expected a number of seconds above 0, not '{}'", value));
        }
        arguments.isolation.limit = std::chrono::seconds(*seconds);
    }
}

void setUrl(CheckSettings& settings, const Url& url) {
    settings.scheme = url.scheme();
    settings.plugin.url = url.redacted();
    if (const auto& userinfo = url.userinfo()) {
        settings.plugin.credentials["user"] = userinfo->user;
        settings.plugin.credentials["password"] = userinfo->password.value_or("");
    }
}

void parse(const std::vector<std::string_view>& words, Arguments& arguments) {
    std::vector<std::string_view> places;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto word = words[i];
        if (word == "--no-sandbox") {
            arguments.isolation.sandboxed = false;
        } else if (!word.starts_with("--")) {
            places.push_back(word);
        } else if (const auto equals = word.find('='); equals != std::string_view::npos) {
            applyOption(arguments, word.substr(2, equals - 2), word.substr(equals + 1));
        } else if (i + 1 < words.size()) {
            applyOption(arguments, word.substr(2), words[++i]);
        } else {
            requireOption(word.substr(2));
            throw Error(ErrorCode::Invalid, fmt::format("'{}' takes a value: see --help", word));
        }
    }
    if (places.size() != 2) {
        throw Error(ErrorCode::Invalid, "a module and a URL are required: see --help");
    }
    std::error_code error;
    arguments.settings.modulePath = std::filesystem::canonical(places[0], error).string();
    if (error) {
        throw Error(ErrorCode::Invalid, error.value(), fmt::format("'{}'", places[0]));
    }
    arguments.url = Url::parse(places[1]);
    setUrl(arguments.settings, *arguments.url);
}

// The TAP line of a check, and a line with the reason of one that did not pass, or with a remark.
void report(std::size_t number, const Check& check, const CheckResult& result) {
    using enum CheckResult::Verdict;
    const bool good = result.verdict == Passed || result.verdict == Skipped;
    printOutput("{} {} - {}", good ? "ok" : "not ok", number, check.name);
    if (result.verdict == Skipped) {
        printOutput(" # SKIP {}", escapedText(result.reason));
    } else if (!result.reason.empty()) {
        printOutput("\n# {}{}", result.verdict == Undecided ? "undecided: " : "",
                    escapedText(result.reason)); // it may quote the plugin
    }
    printOutput("\n");
    (void)flushOutput();
}

// A plugin that is late in each try is slow; a busy machine is late now and then. An unreachable server
// proves nothing.
CheckResult runPatiently(const Check& check, Arguments& arguments) {
    constexpr int tries = 3;
    CheckResult result;
    for (int i = 0; i < tries; ++i) {
        result = runIsolated(check, arguments.settings, arguments.isolation);
        if (result.verdict != CheckResult::Verdict::Late &&
            result.verdict != CheckResult::Verdict::Unreached) {
            return result;
        }
    }
    if (result.verdict == CheckResult::Verdict::Unreached) {
        result = {.verdict = CheckResult::Verdict::Undecided,
                  .reason = fmt::format("in each of {} tries, {}", tries, result.reason)};
    }
    return result;
}

// The first one is always among them: it reads what the others compare with.
std::vector<Check> chosenChecks(const std::vector<std::string>& wanted) {
    const auto all = pluginChecks();
    const auto contains = [](const Check& check, const std::string& text) {
        return std::string_view(check.name).find(text) != std::string_view::npos;
    };
    for (const auto& text : wanted) {
        if (std::none_of(all.begin(), all.end(), [&](const auto& check) { return contains(check, text); })) {
            throw Error(ErrorCode::Invalid, fmt::format("--check: no check has '{}' in its name", text));
        }
    }
    std::vector<Check> chosen;
    for (const auto& check : all) {
        if (chosen.empty() || wanted.empty() ||
            std::any_of(wanted.begin(), wanted.end(),
                        [&](const auto& text) { return contains(check, text); })) {
            chosen.push_back(check);
        }
    }
    return chosen;
}

int run(Arguments& arguments) {
    const auto checks = chosenChecks(arguments.wanted);
    printOutput("1..{}\n", checks.size());
    (void)flushOutput(); // before it forks
    bool failed = false;
    bool undecided = false;
    std::optional<FaultyProxy> proxy;
    std::optional<DeadEnds> deadEnds;
    if (arguments.url->port()) {
        proxy.emplace(*arguments.url);
        arguments.settings.proxy = &*proxy;
        deadEnds.emplace(*arguments.url);
        arguments.settings.deadEnds = &*deadEnds;
    }
    arguments.settings.undefinedSymbols = undefinedSymbols(arguments.settings.modulePath);
    for (std::size_t i = 0; i < checks.size(); ++i) {
        if (i > 0 && !arguments.settings.reference.isComplete()) {
            printOutput(
                "Bail out! the other checks compare with what the first one reads, and it did not pass\n");
            break;
        }
        const auto result = runPatiently(checks[i], arguments);
        failed |=
            result.verdict == CheckResult::Verdict::Failed || result.verdict == CheckResult::Verdict::Late;
        undecided |= result.verdict == CheckResult::Verdict::Undecided;
        report(i + 1, checks[i], result);
    }
    return failed ? EXIT_FAILURE : undecided ? couldNotRun : EXIT_SUCCESS;
}

} // namespace
} // namespace bootferry

namespace {

int run(int argc, char** argv) {
    try {
        bootferry::initLogging("bootferry-plugin-check", bootferry::LogLevel::Warning);
        if (bootferry::answersUsualOption({argv + 1, argv + argc}, "bootferry-plugin-check",
                                          bootferry::help)) {
            return EXIT_SUCCESS;
        }
        bootferry::Arguments arguments;
        bootferry::parse({argv + 1, argv + argc}, arguments);
        return bootferry::run(arguments);
    } catch (const std::exception& error) {
        bootferry::printError("bootferry-plugin-check: {}\n", error.what());
        return bootferry::couldNotRun;
    }
}

} // namespace

int main(int argc, char** argv) {
    return bootferry::runProgram(run, argc, argv);
}
