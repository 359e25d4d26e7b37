// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line, parsed by getopt_long(3) from a table of verbs: `--option=VALUE` or `--option VALUE`,
// letters, abbreviations, options anywhere (before the verb, too) and `--`. A verb is one row of the table:
// its arguments, its options and the function that runs it. Help, parsing, the manual's test and the shell's
// completion all go by the table.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "errors.h"

namespace bootferry {

struct Option {
    char letter;       // 0: none
    const char* name;  // without "--"
    const char* value; // how the help names it: "FILE", "short|pretty|off"; null: takes no value
    const char* text;  // one line of help
};
using Options = std::span<const Option>;

struct CommandLine;

enum class VerbKind { Alone, WithService };

struct Verb {
    const char* name;
    const char* arguments; // how the help names them: "URL [FILE]"
    std::size_t fewest;    // number of words that are not options
    std::size_t most;
    VerbKind kind;
    const char* text;               // one line of the overview
    std::array<Options, 4> options; // in addition to -h and --help
    int (*run)(const CommandLine& line);
    const char* details = ""; // further lines of the verb's own help
};
using Verbs = std::span<const Verb>;

inline constexpr std::size_t anyNumber = SIZE_MAX; // of words

struct GivenOption {
    const Option* option;
    std::string value; // empty if it takes none
};

struct CommandLine {
    const Verb* verb = nullptr; // null: none was given
    bool help = false;          // -h, --help: nothing else was checked
    bool version = false;
    std::vector<GivenOption> options; // in their order
    std::vector<std::string> words;   // without the verb

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> last(std::string_view name) const; // the last one's value
};

// words: without the program's name. Throws Error(Invalid) that names the most similar verb or option.
[[nodiscard]] CommandLine parseCommandLine(Verbs verbs, const std::vector<std::string>& words);

// Calls apply(name, value) for each option. The option's name is added to the context of an Error that it
// throws.
template <typename Apply>
void applyOptions(const CommandLine& line, Apply apply) {
    for (const auto& [option, value] : line.options) {
        try {
            apply(std::string_view(option->name), value);
        } catch (Error& error) {
            error.addContext(std::string("--") + option->name);
            throw;
        }
    }
}

// The verb of this name. Throws Error(Invalid) that names the most similar one.
[[nodiscard]] const Verb& findVerb(Verbs verbs, std::string_view name);

// "bootferryctl fetch [OPTION...] URL [FILE]"
[[nodiscard]] std::string usageOf(const Verb& verb);

// The help of one verb: usage, what it does, and a line for each option.
[[nodiscard]] std::string helpOf(const Verb& verb);

} // namespace bootferry
