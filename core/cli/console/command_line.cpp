// SPDX-License-Identifier: LGPL-2.1-or-later
// Two passes. The first looks for the verb, with the options of all verbs, since it must know which of them
// take a value; the second parses with the verb's own options. getopt_long(3) is asked to return the words in
// their order ("-"), so that POSIXLY_CORRECT has no effect.
#include "command_line.h"

#include <algorithm>

#include <getopt.h>
#include <spdlog/fmt/fmt.h>

#include "curl_options.h"
#include "errors.h"
#include "nearest_name.h"
#include "shown_argument.h"

namespace bootferry {
namespace {

constexpr Option common[] = {
    {'h', "help", nullptr, "show this"},
    {0, "version", nullptr, "show the version"},
};
// Options of curl and wget that users try here, and what to use instead, in verbs that have the option
// `with`.
struct Habit {
    char letter;
    const char* name;
    const char* with;
    const char* hint;
};
constexpr Habit habits[] = {
    {'O', "remote-name", "output",
     ": without FILE, the last part of the URL is its name, and -o FILE gives another"},
    {'C', "continue-at", "continue", ": an interrupted fetch is continued without an option"},
    {'c', "", "continue", ": an interrupted fetch is continued without an option"},
    {'L', "location", "option", ": redirects are followed without an option"},
    {'f', "fail", "option", ": an error of the server is a failure without an option"},
    {'s', "silent", "quiet", ", did you mean '-q'?"},
    {'S', "show-error", "option", ": errors are shown without an option"},
    {0, "no-check-certificate", "option", ", did you mean '--option=curl:insecure'?"},
};
constexpr int firstCode = 256; // the codes of long options lie above those of all letters

std::vector<const Option*> optionsOf(const Verb& verb) {
    std::vector<const Option*> found;
    for (const auto& options : verb.options) {
        for (const auto& option : options) {
            found.push_back(&option);
        }
    }
    return found;
}

std::vector<const Option*> optionsOfAll(Verbs verbs) {
    std::vector<const Option*> all;
    for (const auto& verb : verbs) {
        for (const auto* option : optionsOf(verb)) {
            if (std::none_of(all.begin(), all.end(),
                             [&](const auto* o) { return std::string_view(o->name) == option->name; })) {
                all.push_back(option);
            }
        }
    }
    return all;
}

std::string nearestOption(const std::string& name, const std::vector<const Option*>& options) {
    std::vector<std::string_view> names;
    for (const auto* option : options) {
        names.emplace_back(option->name);
    }
    const auto nearest = nearestName(name, names);
    return nearest.empty() ? "" : fmt::format(", did you mean '--{}'?", nearest);
}

std::string helpCommand(const Verb* verb) {
    return verb != nullptr ? fmt::format("bootferryctl {} --help", verb->name) : "bootferryctl --help";
}

std::string withValue(const Option& option) {
    return option.value != nullptr ? fmt::format("--{}={}", option.name, option.value)
                                   : fmt::format("--{}", option.name);
}

// One run of getopt_long(3) over the words.
class Scan {
public:
    enum class Kind { End, Word, Option, Fault };

    // options: in addition to the common ones.
    Scan(const std::vector<std::string>& words, std::vector<const Option*> options, const Verb* verb)
        : words_(words), options_(std::move(options)), verb_(verb) {
        for (const auto& option : common) {
            options_.push_back(&option);
        }
        words_.insert(words_.begin(), "bootferryctl");
        for (auto& word : words_) {
            pointers_.push_back(word.data());
        }
        pointers_.push_back(nullptr);
        for (std::size_t i = 0; i < options_.size(); ++i) {
            const auto& [letter, name, value, text] = *options_[i];
            const int takes = value != nullptr ? required_argument : no_argument;
            long_.push_back({name, takes, nullptr, firstCode + static_cast<int>(i)});
            if (letter != 0) {
                letters_ += letter;
                letters_ += value != nullptr ? ":" : "";
            }
        }
        long_.push_back({});
        optind = 0; // also resets the library's own state
        opterr = 0;
    }

    [[nodiscard]] Kind next() {
        const int code = // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
            ::getopt_long(static_cast<int>(words_.size()), pointers_.data(), letters_.c_str(), long_.data(),
                          nullptr);
        if (code == -1) {
            return Kind::End;
        }
        if (code == 1) {
            return Kind::Word;
        }
        if (code == '?' || code == ':') {
            fault_ = code == ':' ? missingValue() : unknown();
            return Kind::Fault;
        }
        option_ = code >= firstCode ? options_[static_cast<std::size_t>(code - firstCode)] : lettered(code);
        if (code >= firstCode && isCurls(writtenName())) {
            fault_ = unknownName(writtenName());
            return Kind::Fault;
        }
        return Kind::Option;
    }

    // The option's value, or the word itself.
    [[nodiscard]] std::string value() const { return optarg != nullptr ? optarg : ""; }
    [[nodiscard]] const Option& option() const { return *option_; }
    // Whether the option's value is a word of its own.
    [[nodiscard]] bool tookNextWord() const {
        return optarg != nullptr && optarg == pointers_[static_cast<std::size_t>(optind) - 1];
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    // The index of the first word that has not been read.
    [[nodiscard]] static std::size_t position() { return static_cast<std::size_t>(optind) - 1; }

private:
    [[nodiscard]] const Option* lettered(int letter) const {
        return *std::find_if(options_.begin(), options_.end(),
                             [letter](const auto* option) { return option->letter == letter; });
    }

    [[nodiscard]] std::string missingValue() const {
        const auto& option =
            optopt >= firstCode ? *options_[static_cast<std::size_t>(optopt - firstCode)] : *lettered(optopt);
        return fmt::format("--{} takes a value: {}", option.name, withValue(option));
    }

    [[nodiscard]] std::string unknown() const {
        if (optopt >= firstCode) {
            return fmt::format("--{} takes no value",
                               options_[static_cast<std::size_t>(optopt - firstCode)]->name);
        }
        if (optopt != 0) {
            const auto letter = static_cast<char>(optopt);
            const auto habit = hintAtHabit([letter](const Habit& row) { return row.letter == letter; });
            return fmt::format("{} '-{}'{}: see {}", what(), letter,
                               habit.empty() ? hintAt(curlPluginOption(letter)) : habit, helpCommand(verb_));
        }
        auto word = words_[static_cast<std::size_t>(optind) - 1];
        word = word.substr(2, word.find('=') - 2);
        std::string candidates;
        for (const auto* option : options_) {
            if (std::string_view(option->name).starts_with(word)) {
                candidates += fmt::format("{}--{}", candidates.empty() ? "" : ", ", option->name);
            }
        }
        if (!candidates.empty()) {
            return fmt::format("'--{}' is ambiguous: {}", word, candidates);
        }
        return unknownName(word);
    }

    [[nodiscard]] std::string what() const {
        return verb_ != nullptr ? fmt::format("{} has no option", verb_->name)
                                : std::string("there is no option");
    }

    [[nodiscard]] std::string unknownName(const std::string& name) const {
        const auto habit = hintAtHabit([&](const Habit& row) { return row.name == name; });
        const auto curls = habit.empty() ? hintAt(curlPluginOption(name)) : habit;
        return fmt::format("{} '--{}'{}: see {}", what(), name,
                           curls.empty() ? nearestOption(name, options_) : curls, helpCommand(verb_));
    }

    // Of the long option that was read: "user" of "--user=me" and "--user me".
    [[nodiscard]] std::string writtenName() const {
        const auto word = words_[static_cast<std::size_t>(optind) - (tookNextWord() ? 2 : 1)];
        return word.substr(2, word.find('=') - 2);
    }

    // A user who writes an option of curl does not mean the longer option of ours that it abbreviates.
    [[nodiscard]] bool isCurls(const std::string& name) const {
        return name != option_->name && !hintAt(curlPluginOption(name)).empty();
    }

    [[nodiscard]] bool takes(std::string_view name) const {
        return std::any_of(options_.begin(), options_.end(),
                           [name](const auto* option) { return option->name == name; });
    }

    template <typename Predicate>
    [[nodiscard]] std::string hintAtHabit(Predicate isIt) const {
        const auto* row = std::find_if(std::begin(habits), std::end(habits), isIt);
        return row != std::end(habits) && takes(row->with) ? row->hint : "";
    }

    // plugins: the curl plugin's option for the option that was written.
    [[nodiscard]] std::string hintAt(const std::optional<std::string>& plugins) const {
        if (!takes("option") || !plugins) {
            return "";
        }
        if (*plugins == "user=...") { // everybody can read a command line
            return ", did you mean '--userinfo-file=FILE'?";
        }
        return fmt::format(", did you mean '--option=curl:{}'?", *plugins);
    }

    std::vector<std::string> words_;
    std::vector<char*> pointers_;
    std::vector<const Option*> options_;
    const Verb* verb_;
    std::vector<::option> long_;
    std::string letters_ = "-:";
    const Option* option_ = nullptr;
    std::string fault_;
};

// The index of the first word that is neither an option nor the value of one; the number of words if there is
// none. fault: set if an option before it is wrong.
std::size_t placeOfVerb(Verbs verbs, const std::vector<std::string>& words, std::string& fault) {
    Scan scan(words, optionsOfAll(verbs), nullptr);
    for (;;) {
        switch (scan.next()) {
        case Scan::Kind::Word:
            return scan.position() - 1;
        case Scan::Kind::End:
            return scan.position();
        case Scan::Kind::Fault:
            fault = fault.empty() ? scan.fault() : fault;
            break;
        case Scan::Kind::Option:
            break;
        }
    }
}

bool hasVerb(Verbs verbs, std::string_view name) {
    return std::any_of(verbs.begin(), verbs.end(), [name](const auto& verb) { return verb.name == name; });
}

// `bootferryctl --mirror fetch URL`: the verb is the value of an option before it.
void refuseSwallowedVerb(Verbs verbs, const std::vector<std::string>& wordsBefore) {
    Scan scan(wordsBefore, optionsOfAll(verbs), nullptr);
    for (auto kind = scan.next(); kind == Scan::Kind::Option; kind = scan.next()) {
        if (hasVerb(verbs, scan.value())) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("'{}' is read as the value of --{}: write {}", scan.value(),
                                    scan.option().name, withValue(scan.option())));
        }
    }
}

// swallowing: an option whose value is a URL behind a blank; nullptr if there is none. The URL is not shown:
// it may contain a password.
void checkWords(const CommandLine& line, const Option* swallowing) {
    const auto& verb = *line.verb;
    if (line.words.size() < verb.fewest) {
        const auto why = swallowing != nullptr
                             ? fmt::format("; the URL is read as the value of --{}: write {}",
                                           swallowing->name, withValue(*swallowing))
                             : std::string();
        throw Error(ErrorCode::Invalid,
                    fmt::format("{}: an argument is missing: {}{}", verb.name, usageOf(verb), why));
    }
    if (line.words.size() > verb.most) {
        throw Error(ErrorCode::Invalid, fmt::format("{}: unexpected argument '{}': {}", verb.name,
                                                    shownWord(line.words[verb.most]), usageOf(verb)));
    }
}

// Returns the option for checkWords().
const Option* parse(CommandLine& line, const std::vector<std::string>& words,
                    std::vector<const Option*> options) {
    const Option* swallowing = nullptr;
    Scan scan(words, std::move(options), line.verb);
    for (auto kind = scan.next(); kind != Scan::Kind::End; kind = scan.next()) {
        if (kind == Scan::Kind::Fault) {
            throw Error(ErrorCode::Invalid, scan.fault());
        }
        if (kind == Scan::Kind::Word) {
            line.words.push_back(scan.value());
        } else if (&scan.option() == &common[0]) {
            line.help = true;
        } else if (&scan.option() == &common[1]) {
            line.version = true;
        } else {
            line.options.push_back({&scan.option(), scan.value()});
            if (scan.tookNextWord() && scan.value().find("://") != std::string::npos) {
                swallowing = &scan.option();
            }
        }
    }
    line.words.insert(line.words.end(), words.begin() + static_cast<std::ptrdiff_t>(Scan::position()),
                      words.end());
    return swallowing;
}

std::string helpLine(const Option& option, std::size_t width) {
    const auto letter = option.letter != 0 ? fmt::format("-{},", option.letter) : std::string();
    return fmt::format("  {:<3} {:<{}}  {}\n", letter, withValue(option), width, option.text);
}

} // namespace

bool CommandLine::has(std::string_view name) const {
    return std::any_of(options.begin(), options.end(),
                       [name](const auto& given) { return given.option->name == name; });
}

std::optional<std::string> CommandLine::last(std::string_view name) const {
    const auto found = std::find_if(options.rbegin(), options.rend(),
                                    [name](const auto& given) { return given.option->name == name; });
    return found != options.rend() ? std::optional(found->value) : std::nullopt;
}

CommandLine parseCommandLine(Verbs verbs, const std::vector<std::string>& words) {
    CommandLine line;
    std::string fault;
    auto rest = words;
    const auto place = placeOfVerb(verbs, words, fault);
    if (place >= words.size()) {
        (void)parse(line, words, optionsOfAll(verbs));
        return line;
    }
    if (!fault.empty() && !hasVerb(verbs, words[place])) {
        throw Error(ErrorCode::Invalid, fault); // the word may be the unknown option's value
    }
    if (!hasVerb(verbs, words[place])) {
        refuseSwallowedVerb(verbs, {words.begin(), words.begin() + static_cast<std::ptrdiff_t>(place)});
    }
    line.verb = &findVerb(verbs, words[place]);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(place));
    const auto* swallowing = parse(line, rest, optionsOf(*line.verb));
    if (!line.help && !line.version) {
        checkWords(line, swallowing);
    }
    return line;
}

const Verb& findVerb(Verbs verbs, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& verb : verbs) {
        if (verb.name == name) {
            return verb;
        }
        names.emplace_back(verb.name);
    }
    const auto nearest = nearestName(name, names);
    throw Error(ErrorCode::Invalid,
                fmt::format("there is no verb '{}'{}: see bootferryctl --help", shownWord(name),
                            nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

std::string usageOf(const Verb& verb) {
    const bool hasOptions = !optionsOf(verb).empty();
    return fmt::format("bootferryctl {}{}{}{}", verb.name, hasOptions ? " [OPTION...]" : "",
                       *verb.arguments != 0 ? " " : "", verb.arguments);
}

std::string helpOf(const Verb& verb) {
    auto options = optionsOf(verb);
    options.push_back(&common[0]);
    std::size_t width = 0;
    for (const auto* option : options) {
        width = std::max(width, withValue(*option).size());
    }
    auto help = fmt::format("{}\n\n{}.\n{}\n", usageOf(verb), verb.text, verb.details);
    for (const auto* option : options) {
        help += helpLine(*option, width);
    }
    return help;
}

} // namespace bootferry
