// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command_line.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "text.h"
#include "verbs.h"

namespace bootferry {
namespace {

using Words = std::vector<std::string>;

int runNothing(const CommandLine&) {
    return 0;
}

constexpr Option carryOptions[] = {
    {'o', "output", "FILE", "where to"},     {'q', "quiet", nullptr, "say nothing"},
    {0, "limit", "N", "how much"},           {0, "limit-rate", "N", "how fast"},
    {0, "mirror", "URL", "from where else"},
};
constexpr Option showOptions[] = {{0, "json", "short|off", "as JSON"}};
constexpr Verb verbs[] = {
    {"carry", "URL [FILE]", 1, 2, VerbKind::Alone, "Carry", {carryOptions}, runNothing},
    {"show", "", 0, 0, VerbKind::WithService, "Show", {showOptions}, runNothing, "\nMore of it.\n"},
    {"send", "HOST...", 1, anyNumber, VerbKind::Alone, "Send", {}, runNothing},
};

CommandLine parsed(const Words& words) {
    return parseCommandLine(verbs, words);
}

std::string shown(const CommandLine& line) {
    std::string text = line.verb != nullptr ? line.verb->name : "-";
    for (const auto& [option, value] : line.options) {
        text += std::string(" ") + option->name + "=" + value;
    }
    text += " |";
    for (const auto& word : line.words) {
        text += " " + word;
    }
    return text;
}

TEST(CommandLine, IsWrittenAsGetoptLongHasIt) {
    const std::vector<std::pair<Words, std::string>> table{
        {{"carry", "u"}, "carry | u"},
        {{"carry", "--output=f", "u"}, "carry output=f | u"},
        {{"carry", "--output", "f", "u"}, "carry output=f | u"},
        {{"carry", "-o", "f", "u"}, "carry output=f | u"},
        {{"carry", "-of", "u"}, "carry output=f | u"},
        {{"carry", "-qof", "u"}, "carry quiet= output=f | u"},
        {{"carry", "u", "-q", "f", "--limit", "3"}, "carry quiet= limit=3 | u f"},
        {{"carry", "--out=f", "u"}, "carry output=f | u"},
        {{"carry", "--limit=1", "u"}, "carry limit=1 | u"},
        {{"carry", "--output=", "u"}, "carry output= | u"},
        {{"carry", "--output", "--", "u"}, "carry output=-- | u"},
        {{"carry", "--mirror=a", "u", "--mirror=b"}, "carry mirror=a mirror=b | u"},
        {{"carry", "--", "--output", "-q"}, "carry | --output -q"},
        {{"carry", "u", "--", "-"}, "carry | u -"},
        {{"carry", "u", "-"}, "carry | u -"},
        {{"-q", "--output", "f", "carry", "u"}, "carry quiet= output=f | u"},
        {{"--", "carry", "-q"}, "carry | -q"},
        {{"--json", "short", "show"}, "show json=short |"},
        {{"send", "carry", "send"}, "send | carry send"},
        {{}, "- |"},
    };
    for (const auto& [words, expected] : table) {
        EXPECT_EQ(shown(parsed(words)), expected);
    }
}

TEST(CommandLine, IsReadAlikeWherePosixIsAskedFor) {
    ::setenv("POSIXLY_CORRECT", "1", 1); // NOLINT(concurrency-mt-unsafe): one thread
    EXPECT_EQ(shown(parsed({"carry", "u", "-q"})), "carry quiet= | u");
    ::unsetenv("POSIXLY_CORRECT"); // NOLINT(concurrency-mt-unsafe)
}

TEST(CommandLine, HelpNeedsNothingElse) {
    for (const auto& words :
         {Words{"carry", "--help"}, {"carry", "-h"}, {"-h", "carry"}, {"--help", "carry"}}) {
        EXPECT_TRUE(parsed(words).help);
        EXPECT_STREQ(parsed(words).verb->name, "carry");
    }
    EXPECT_TRUE(parsed({"-h"}).help);
    EXPECT_EQ(parsed({"-h"}).verb, nullptr);
    EXPECT_TRUE(parsed({"--version"}).version);
    EXPECT_FALSE(parsed({"carry", "--", "--help"}).help);
}

TEST(CommandLine, SaysWhatIsWrong) {
    const std::vector<std::pair<Words, std::string>> table{
        {{"cary", "u"}, "there is no verb 'cary', did you mean 'carry'?: see bootferryctl --help"},
        {{"bogus"}, "there is no verb 'bogus': see bootferryctl --help"},
        {{""}, "there is no verb ''"},
        {{"carry", "--quite", "u"},
         "carry has no option '--quite', did you mean '--quiet'?: see bootferryctl carry --help"},
        {{"carry", "--json=short", "u"}, "carry has no option '--json'"},
        {{"carry", "-x", "u"}, "carry has no option '-x'"},
        {{"carry", "-qx", "u"}, "carry has no option '-x'"},
        {{"--bogus", "value"}, "there is no option '--bogus'"},
        {{"--quite", "value", "carry", "u"}, "there is no option '--quite', did you mean '--quiet'?"},
        {{"carry", "--lim=1", "u"}, "'--lim' is ambiguous: --limit, --limit-rate"},
        {{"carry", "--quiet=1", "u"}, "--quiet takes no value"},
        {{"carry", "u", "--output"}, "--output takes a value: --output=FILE"},
        {{"carry", "u", "-o"}, "--output takes a value: --output=FILE"},
        {{"carry"}, "carry: an argument is missing: bootferryctl carry [OPTION...] URL [FILE]"},
        {{"carry", "--limit", "http://u:p@h/x"},
         "carry: an argument is missing: bootferryctl carry [OPTION...] URL [FILE]; the URL is read as the "
         "value of "
         "--limit: write --limit=N"},
        {{"--limit", "http://h/x", "carry"},
         "carry: an argument is missing: bootferryctl carry [OPTION...] URL [FILE]; the URL is read as the "
         "value of "
         "--limit: write --limit=N"},
        {{"carry", "u", "f", "x"}, "carry: unexpected argument 'x': bootferryctl carry"},
        {{"show", "x"}, "show: unexpected argument 'x': bootferryctl show [OPTION...]"},
    };
    for (const auto& [words, expected] : table) {
        try {
            ADD_FAILURE() << "accepted: " << shown(parsed(words));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Invalid);
            EXPECT_EQ(std::string_view(error.what()).substr(0, expected.size()), expected);
        }
    }
}

TEST(CommandLine, DoesNotBlameAnOptionThatWasGivenItsValue) {
    try {
        ADD_FAILURE() << "accepted: " << shown(parsed({"carry", "--limit=http://h/x"}));
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "carry: an argument is missing: bootferryctl carry [OPTION...] URL [FILE]");
    }
}

TEST(CommandLine, HelpHasALineForEachOption) {
    EXPECT_EQ(helpOf(verbs[1]), "bootferryctl show [OPTION...]\n\nShow.\n\nMore of it.\n\n"
                                "      --json=short|off  as JSON\n"
                                "  -h, --help            show this\n");
    EXPECT_EQ(usageOf(verbs[2]), "bootferryctl send HOST...");
}

// An option has the same form wherever it is accepted, so that it can be read before the verb.
TEST(Verbs, AgreeAboutOptions) {
    std::map<std::string, std::pair<char, bool>> forms;
    std::map<char, std::string> letters{{'h', "help"}};
    for (const auto& verb : allVerbs()) {
        std::set<std::string> own;
        for (const auto& options : verb.options) {
            for (const auto& [letter, name, value, text] : options) {
                EXPECT_TRUE(own.insert(name).second) << verb.name << " has --" << name << " twice";
                const auto form = std::pair(letter, value != nullptr);
                EXPECT_EQ(forms.emplace(name, form).first->second, form) << "--" << name;
                if (letter != 0) {
                    EXPECT_EQ(letters.emplace(letter, name).first->second, name);
                }
            }
        }
    }
}

TEST(Verbs, NameTheOptionOfThePluginForOneOfCurl) {
    const std::vector<std::pair<Words, std::string>> table{
        {{"fetch", "--insecure", "u"},
         "fetch has no option '--insecure', did you mean '--option=curl:insecure'?"},
        {{"fetch", "--proxy=http://u:geheim@p", "u"},
         "fetch has no option '--proxy', did you mean '--option=curl:proxy=...'?"},
        {{"fetch", "--retry", "5", "u"},
         "fetch has no option '--retry', did you mean '--option=curl:retry=...'?"},
        {{"deploy", "-k", "u", "d"}, "deploy has no option '-k', did you mean '--option=curl:insecure'?"},
        {{"check", "--no-alpn", "u"},
         "check has no option '--no-alpn', did you mean '--option=curl:no-alpn'?"},
        {{"-k", "u"}, "there is no option '-k', did you mean '--option=curl:insecure'?"},
        {{"fetch", "--user=joe:geheim", "u"},
         "fetch has no option '--user', did you mean '--userinfo-file=FILE'?"},
        {{"fetch", "--user", "joe:geheim", "u"},
         "fetch has no option '--user', did you mean '--userinfo-file=FILE'?"},
        {{"--user", "joe:geheim", "fetch", "u"},
         "fetch has no option '--user', did you mean '--userinfo-file=FILE'?"},
        {{"fetch", "-u", "joe:geheim", "u"},
         "fetch has no option '-u', did you mean '--userinfo-file=FILE'?"},
        {{"fetch", "--key=file", "u"}, "fetch has no option '--key', did you mean '--option=curl:key=...'?"},
        {{"fetch", "--silent", "u"}, "fetch has no option '--silent', did you mean '-q'?: see"},
        {{"fetch", "-s", "u"}, "fetch has no option '-s', did you mean '-q'?: see"},
        {{"fetch", "-sSfL", "u"}, "fetch has no option '-s', did you mean '-q'?: see"},
        {{"fetch", "-S", "u"}, "fetch has no option '-S': errors are shown without an option: see"},
        {{"fetch", "-f", "u"}, "fetch has no option '-f': an error of the server is a failure"},
        {{"check", "--location", "u"}, "check has no option '--location': redirects are followed"},
        {{"fetch", "-LO", "u"}, "fetch has no option '-L': redirects are followed without an option: see"},
        {{"fetch", "-O", "u"},
         "fetch has no option '-O': without FILE, the last part of the URL is its name"},
        {{"fetch", "-C", "-", "u"}, "fetch has no option '-C': an interrupted fetch is continued without"},
        {{"fetch", "-c", "u"}, "fetch has no option '-c': an interrupted fetch is continued without"},
        {{"deploy", "-O", "u", "d"}, "deploy has no option '-O': see"},
        {{"list", "-s"}, "list has no option '-s': see"},
        {{"list", "--insecure"}, "list has no option '--insecure': see bootferryctl list --help"},
    };
    for (const auto& [words, expected] : table) {
        try {
            ADD_FAILURE() << "accepted: " << shown(parseCommandLine(allVerbs(), words));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Invalid);
            EXPECT_EQ(std::string_view(error.what()).substr(0, expected.size()), expected);
            EXPECT_EQ(std::string_view(error.what()).find("geheim"), std::string_view::npos);
        }
    }
    EXPECT_EQ(
        shown(parseCommandLine(allVerbs(), {"fetch", "--userinfo=f", "--keyr=k", "--limit-rate=1K", "u"})),
        "fetch userinfo-file=f keyring=k limit-rate=1K | u");
}

TEST(Verbs, HaveHelpThatFitsATerminal) {
    auto pages = std::vector{overview()};
    for (const auto& verb : allVerbs()) {
        pages.push_back(helpOf(verb));
        EXPECT_NE(overview().find(std::string("\n  ") + verb.name), std::string::npos);
    }
    for (const auto& page : pages) {
        for (const auto line : linesOf(page)) {
            EXPECT_LE(line.size(), 80U) << line;
        }
    }
}

} // namespace
} // namespace bootferry
