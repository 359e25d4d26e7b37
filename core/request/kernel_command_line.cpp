// SPDX-License-Identifier: LGPL-2.1-or-later
// A backslash is an ordinary character, as in systemd: labels contain \x20.
#include "kernel_command_line.h"

#include <algorithm>
#include <array>

namespace bootferry {
namespace {

char foldedNameCharacter(char c) {
    return c == '-' ? '_' : c;
}

bool isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> result;
    bool inWord = false;
    char quote = 0;
    for (const char c : text) {
        if (c == '\0') {
            break;
        }
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                result.back() += c;
            }
            continue;
        }
        if (isSpace(c)) {
            inWord = false;
            continue;
        }
        if (!inWord) {
            result.emplace_back();
            inWord = true;
        }
        if (c == '"' || c == '\'') {
            quote = c;
        } else {
            result.back() += c;
        }
    }
    return result;
}

} // namespace

bool KernelArgument::is(std::string_view other) const {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(),
                      [](char a, char b) { return foldedNameCharacter(a) == foldedNameCharacter(b); });
}

KernelCommandLine KernelCommandLine::parse(std::string_view text) {
    KernelCommandLine line;
    for (auto& word : words(text)) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            line.arguments_.push_back({std::move(word), std::nullopt});
        } else {
            line.arguments_.push_back({word.substr(0, equals), word.substr(equals + 1)});
        }
    }
    return line;
}

const KernelArgument* KernelCommandLine::find(std::string_view name) const {
    const auto found = std::find_if(arguments_.rbegin(), arguments_.rend(),
                                    [&](const KernelArgument& argument) { return argument.is(name); });
    return found == arguments_.rend() ? nullptr : &*found;
}

std::optional<bool> switchValue(const KernelArgument& argument) {
    if (!argument.value) {
        return true;
    }
    static constexpr std::array yes{"1", "yes", "y", "true", "t", "on"};
    static constexpr std::array no{"0", "no", "n", "false", "f", "off"};
    if (std::find(yes.begin(), yes.end(), *argument.value) != yes.end()) {
        return true;
    }
    if (std::find(no.begin(), no.end(), *argument.value) != no.end()) {
        return false;
    }
    return std::nullopt;
}

} // namespace bootferry
