// SPDX-License-Identifier: LGPL-2.1-or-later
// The checker cannot know which values an option takes. Whether the plugin knows the option shows in the
// words with which it refuses a value.
#include "option_checks.h"

#include <set>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"

namespace bootferry {
namespace {

std::set<std::string> keysOf(const bootferry_plugin& table) {
    std::set<std::string> keys;
    for (const auto* option = table.options; option->key != nullptr; ++option) {
        keys.insert(option->key);
    }
    return keys;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// A wrong value of a known option is refused in other words than an unknown option.
void expectOtherRefusal(Attempt& attempt, const std::string& key, const std::string& ofUnknown) {
    for (const auto* const value : {"1", "", "a", "/", "10K", "127.0.0.1", "on"}) {
        if (const auto refusal = attempt.setOption(key, value); !refusal || refusal->message != ofUnknown) {
            return;
        }
    }
    throw Fault(
        fmt::format("it describes the option '{}', but refuses it as unknown: whatever its value, in the "
                    "words for one that there is not (are keys compared in full?): {}",
                    key, ofUnknown));
}

} // namespace

void wellFormedOptions(CheckSettings& settings) {
    constexpr std::size_t mostOptions = 1000;
    std::size_t number = 0;
    std::set<std::string> keys;
    for (const auto* option = settings.plugin.module->table().options; option->key != nullptr; ++option) {
        const std::string key = option->key;
        if (key.empty() ||
            key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos) {
            throw Fault(fmt::format("the option's key '{}' has characters other than a-z 0-9 - .", key));
        }
        if (option->help == nullptr || *option->help == '\0' || hasControlCharacter(option->help)) {
            throw Fault(fmt::format("the help of the option '{}' is not one line of text", key));
        }
        if (!keys.insert(key).second) {
            throw Fault(fmt::format("the option '{}' is listed twice", key));
        }
        if (++number > mostOptions) {
            throw Fault("the list of options has no end");
        }
    }
}

void refusesUnknownOptions(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    expectFailure(attempt.setOption("no-such-option-anywhere", "1"), BOOTFERRY_ERROR_INVALID,
                  "setting an unknown option");
    const auto described = keysOf(settings.plugin.module->table());
    for (const auto& key : described) {
        // getopt_long(3) and curl's own tool take a shorter form.
        if (const auto shorter = key.substr(0, key.size() - 1);
            !shorter.empty() && !described.contains(shorter)) {
            expectFailure(attempt.setOption(shorter, "1"), BOOTFERRY_ERROR_INVALID,
                          fmt::format("setting the option '{}', a shorter form of '{}',", shorter, key));
        }
        const auto longer = key + "x";
        if (described.contains(longer)) {
            continue;
        }
        const auto refusal = attempt.setOption(longer, "1");
        expectFailure(refusal, BOOTFERRY_ERROR_INVALID,
                      fmt::format("setting the option '{}', which it does not describe,", longer));
        expectOtherRefusal(attempt, key, replaced(refusal->message, longer, key));
    }
}

} // namespace bootferry
