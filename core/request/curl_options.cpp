// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules are those of curl 7.88's parser: letters may be grouped, a value may follow its letter directly,
// long names may be shortened if unambiguous and are case-insensitive, the next word is taken as the value
// even if it looks like an option, and of two contradicting switches the last one counts.
#include "curl_options.h"

#include <algorithm>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "curl_option_table.h"
#include "errors.h"
#include "option_words.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view manualPage = "bootferry-curl-options(7) lists the supported options";

// A mistyped name as an error may show it. A secret may follow it ("--user me:secret" as one word), so the
// name is cut at the first character that no option has, and after an option's name that it begins with.
std::string shownName(std::string_view name) {
    constexpr std::size_t longest = 40;
    const auto end = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.");
    auto shown = name.substr(0, std::min(end, longest));
    std::size_t known = 0;
    for (const std::string_view prefix : {"", "no-", "expand-"}) {
        for (const auto& option : curlOptionTable()) {
            if (shown.starts_with(prefix) && shown.substr(prefix.size()).starts_with(option.name)) {
                known = std::max(known, prefix.size() + option.name.size());
            }
        }
    }
    if (known > 0) {
        shown = shown.substr(0, known);
    }
    return std::string(shown) + (shown.size() < name.size() ? "..." : "");
}

[[noreturn]] void refuseUnknown(const std::string& shown, std::string_view word) {
    const bool spaced = word.find(' ') != std::string_view::npos;
    refuse(ErrorCode::Invalid,
           fmt::format("{} is not an option of curl; {}{}", shown,
                       spaced ? "commas, not spaces, separate options here; " : "", manualPage));
}

std::string displayName(const CurlOption& option) {
    return option.letter != 0 ? fmt::format("-{}/--{}", option.letter, option.name)
                              : fmt::format("--{}", option.name);
}

const CurlOption* findLetter(char letter) {
    const auto table = curlOptionTable();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto& o) { return o.letter == letter; });
    return found != table.end() && letter != 0 ? &*found : nullptr;
}

const CurlOption* findExactly(std::string_view name) {
    const auto table = curlOptionTable();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto& o) { return o.name == name; });
    return found != table.end() ? &*found : nullptr;
}

// A name that is unambiguous in curl 7.88 stays so: newer options are not considered.
const CurlOption* findShortened(std::string_view beginning) {
    const CurlOption* found = nullptr;
    for (const auto& option : curlOptionTable()) {
        if (option.newer || !option.name.starts_with(beginning)) {
            continue;
        }
        if (found != nullptr) {
            refuse(ErrorCode::Invalid, fmt::format("--{} may be --{} or --{}; write the full name",
                                                   shownName(beginning), found->name, option.name));
        }
        found = &option;
    }
    return found;
}

class Parser {
public:
    explicit Parser(std::vector<std::string> words) : words_(std::move(words)) {}

    CurlOptions parse() {
        while (next_ < words_.size()) {
            const std::string word = words_[next_++];
            if (word == "--") {
                refuseStrayWord();
                break;
            }
            if (word.starts_with("--")) {
                takeLong(word.substr(2));
            } else if (word.size() > 1 && word.starts_with('-')) {
                takeLetters(std::string_view(word).substr(1));
            } else {
                --next_;
                refuseStrayWord();
            }
        }
        return std::move(result_);
    }

private:
    // The error does not show the word: it may be part of a password.
    void refuseStrayWord() const {
        if (next_ < words_.size()) {
            refuse(
                ErrorCode::Invalid,
                fmt::format("word {} of {} is neither an option nor the value of one; root=live: gives the "
                            "URL, and a comma inside a value is written \\,",
                            next_ + 1, words_.size()));
        }
    }

    void takeLong(std::string_view text) {
        const auto equals = text.find('=');
        const auto name = lowered(text.substr(0, equals));
        std::optional<std::string> given;
        if (equals != std::string_view::npos) {
            given = text.substr(equals + 1);
        }
        if (name.starts_with("no-")) {
            if (const auto* option = findExactly(std::string_view(name).substr(3))) {
                takeOff(*option, given.has_value());
                return;
            }
        }
        if (name.starts_with("expand-")) {
            throw Error(ErrorCode::Unsupported,
                        fmt::format("curl's option --{} is refused: variables are not supported; {}",
                                    shownName(name), manualPage));
        }
        const auto* option = findExactly(name);
        if (option == nullptr && !name.empty()) {
            option = findShortened(name);
        }
        if (option == nullptr) {
            refuseUnknown("--" + shownName(name), text);
        }
        if (option->arity == CurlArity::Value) {
            take(*option, given ? *given : nextWord(*option));
            return;
        }
        if (given) {
            refuse(ErrorCode::Invalid, fmt::format("curl's option {} takes no value", displayName(*option)));
        }
        take(*option, {});
    }

    void takeLetters(std::string_view letters) {
        while (!letters.empty()) {
            const auto* option = findLetter(letters.front());
            if (option == nullptr) {
                const char letter = letters.front();
                refuseUnknown(letter > ' ' && letter < 0x7f ? fmt::format("-{}", letter) : "-...", letters);
            }
            letters.remove_prefix(1);
            if (option->arity == CurlArity::Value) {
                take(*option, letters.empty() ? nextWord(*option) : std::string(letters));
                return;
            }
            // -N is --no-buffer
            option->arity == CurlArity::DefaultOn ? takeOff(*option, false) : take(*option, {});
        }
    }

    std::string nextWord(const CurlOption& option) {
        if (next_ == words_.size()) {
            refuse(ErrorCode::Invalid,
                   fmt::format("curl's option {} needs a value: {},VALUE", displayName(option),
                               option.letter != 0 ? fmt::format("-{}", option.letter)
                                                  : fmt::format("--{}", option.name)));
        }
        return words_[next_++];
    }

    void take(const CurlOption& option, std::string value) {
        if (option.arity == CurlArity::Value && value.empty()) {
            refuse(ErrorCode::Invalid,
                   fmt::format("curl's option {} needs a value that is not empty", displayName(option)));
        }
        if (!isServed(option)) {
            return;
        }
        const auto key = std::string(option.key.empty() ? option.name : option.key);
        if (option.arity == CurlArity::DefaultOn) {
            remove(key);
            return;
        }
        remove(option.offKey);
        add(option, key, std::move(value));
    }

    void takeOff(const CurlOption& option, bool hasValue) {
        if (hasValue || option.arity == CurlArity::Value || option.arity == CurlArity::Alone) {
            refuse(ErrorCode::Invalid,
                   hasValue
                       ? fmt::format("curl's option --no-{} takes no value", option.name)
                       : fmt::format("curl's option {} cannot be turned off by --no-", displayName(option)));
        }
        // A refused option is never in effect, so turning it off is harmless.
        if (option.treatment == CurlTreatment::Refused) {
            result_.ignored.push_back(fmt::format("--no-{}: this is always so", option.name));
            return;
        }
        if (!isServed(option)) {
            return;
        }
        if (option.arity == CurlArity::DefaultOn) {
            add(option, std::string(option.key), {});
            return;
        }
        remove(option.key.empty() ? option.name : option.key);
        if (!option.offKey.empty()) {
            add(option, std::string(option.offKey), {});
        }
    }

    bool isServed(const CurlOption& option) {
        if (option.treatment == CurlTreatment::Refused) {
            throw Error(ErrorCode::Unsupported, fmt::format("curl's option {} is refused: {}; {}",
                                                            displayName(option), option.why, manualPage));
        }
        if (option.treatment == CurlTreatment::Harmless) {
            result_.ignored.push_back(fmt::format("--{}: {}", option.name, option.why));
            return false;
        }
        return true;
    }

    // A repeated switch counts once, at its last place; options with values may be repeated.
    void add(const CurlOption& option, std::string key, std::string value) {
        if (option.arity != CurlArity::Value) {
            remove(key);
        }
        result_.pluginOptions.push_back({"curl", std::move(key), std::move(value)});
    }

    void remove(std::string_view key) {
        if (!key.empty()) {
            std::erase_if(result_.pluginOptions, [&](const auto& option) { return option.key == key; });
        }
    }

    std::vector<std::string> words_;
    std::size_t next_ = 0;
    CurlOptions result_;
};

} // namespace

CurlOptions parseCurlOptions(std::string_view text) {
    return Parser(optionWords(text)).parse();
}

std::optional<std::string> curlPluginOption(std::string_view name) {
    const auto* option = findExactly(name);
    const bool isOff = option == nullptr && name.starts_with("no-");
    option = isOff ? findExactly(name.substr(3)) : option;
    const bool isServed = option != nullptr && (option->treatment == CurlTreatment::Honoured ||
                                                option->treatment == CurlTreatment::Retry);
    if (!isServed || isOff != (option->arity == CurlArity::DefaultOn)) {
        return std::nullopt;
    }
    return std::string(option->key.empty() ? option->name : option->key) +
           (option->arity == CurlArity::Value ? "=..." : "");
}

std::optional<std::string> curlPluginOption(char letter) {
    const auto* option = findLetter(letter);
    return option != nullptr ? curlPluginOption(option->name) : std::nullopt;
}

bool isCurlScheme(std::string_view scheme) {
    return scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "ftps" || scheme == "tftp";
}

} // namespace bootferry
