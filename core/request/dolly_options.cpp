// SPDX-License-Identifier: LGPL-2.1-or-later
// Parsed as getopt(3) parses them: letters may be grouped, a value follows its letter directly or is the next
// word. dolly's own getopt string gives -6 and -Y a value by mistake; its manual has none, and neither have
// they here.
#include "dolly_options.h"

#include <algorithm>
#include <iterator>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "option_words.h"

namespace bootferry {
namespace {

constexpr bool alone = false;
constexpr bool withValue = true;
constexpr auto Honoured = DollyTreatment::Honoured;
constexpr auto Harmless = DollyTreatment::Harmless;
constexpr auto Refused = DollyTreatment::Refused;

constexpr std::string_view sending = "it is for the sender, and this machine receives";

constexpr DollyOption table[] = {
    {'a', withValue, Honoured, "start-timeout"},
    {'r', withValue, Honoured, "retries"},
    {'P', withValue, Honoured, "password"},
    {'b', withValue, Honoured, "block-size"},
    {'Y', alone, Honoured, "hyphennormal"},
    {'4', alone, Honoured, "ipv4"},
    {'6', alone, Honoured, "ipv6"},
    {'v', alone, Harmless, "progress is always shown, and details are in the journal"},
    {'q', alone, Harmless, "there are no warnings about signals"},
    {'n', alone, Harmless, "data is always synced before it is acknowledged"},
    {'R', alone, Harmless, "names of the host list are resolved anyway"},
    {'u', withValue, Harmless, "the kernel chooses the size of a socket's buffers"},
    {'c', withValue, Harmless, "it is for the sender's statistics"},
    {'o', withValue, Harmless, "the sender writes the statistics"},
    {'s', alone, Refused, sending},
    {'S', withValue, Refused, sending},
    {'f', withValue, Refused, sending},
    {'H', withValue, Refused, sending},
    {'I', withValue, Refused, sending},
    {'D', withValue, Refused, sending},
    {'X', withValue, Refused, sending},
    {'K', withValue, Refused, sending},
    {'d', alone, Refused, sending},
    {'O', withValue, Refused, "rd.kiwi.live.system= sets the target"},
    {'t', withValue, Refused, "it belongs to dolly's benchmark, which sends no image"},
    {'h', alone, Refused, "it prints a help text instead of receiving"},
    {'V', alone, Refused, "it prints a version instead of receiving"},
};

class Parser {
public:
    explicit Parser(std::vector<std::string> words) : words_(std::move(words)) {}

    DollyOptions parse() {
        while (next_ < words_.size()) {
            const std::string word = words_[next_++];
            if (word.size() < 2 || word.front() != '-' || word == "--") {
                refuseStrayWord();
            }
            if (word.starts_with("--")) {
                refuse(ErrorCode::Invalid, "dolly has no options that begin with --");
            }
            takeLetters(std::string_view(word).substr(1));
        }
        return std::move(result_);
    }

private:
    // The error does not show the word: it may be part of a password.
    [[noreturn]] void refuseStrayWord() const {
        refuse(ErrorCode::Invalid,
               fmt::format("word {} of {} is neither an option nor the value of one; a comma inside a value "
                           "is written \\,",
                           next_, words_.size()));
    }

    void takeLetters(std::string_view letters) {
        while (!letters.empty()) {
            const char letter = letters.front();
            letters.remove_prefix(1);
            const auto* option = std::find_if(std::begin(table), std::end(table),
                                              [letter](const auto& o) { return o.letter == letter; });
            if (option == std::end(table)) {
                refuse(ErrorCode::Invalid, letter > ' ' && letter < 0x7f
                                               ? fmt::format("-{} is not an option of dolly", letter)
                                               : "dolly has no such option");
            }
            if (option->takesValue) {
                take(*option, letters.empty() ? nextWord(*option) : std::string(letters));
                return;
            }
            take(*option, {});
        }
    }

    std::string nextWord(const DollyOption& option) {
        if (next_ == words_.size()) {
            refuse(ErrorCode::Invalid,
                   fmt::format("dolly's option -{0} needs a value: -{0},VALUE", option.letter));
        }
        return words_[next_++];
    }

    void take(const DollyOption& option, std::string value) {
        switch (option.treatment) {
        case DollyTreatment::Honoured:
            result_.pluginOptions.push_back({"dolly", std::string(option.text), std::move(value)});
            return;
        case DollyTreatment::Harmless:
            result_.ignored.push_back(fmt::format("-{}: {}", option.letter, option.text));
            return;
        case DollyTreatment::Refused:
            throw Error(ErrorCode::Unsupported,
                        fmt::format("dolly's option -{} is refused: {}", option.letter, option.text));
        }
    }

    std::vector<std::string> words_;
    std::size_t next_ = 0;
    DollyOptions result_;
};

} // namespace

std::span<const DollyOption> dollyOptionTable() {
    return table;
}

DollyOptions parseDollyOptions(std::string_view text) {
    return Parser(optionWords(text)).parse();
}

} // namespace bootferry
