// SPDX-License-Identifier: LGPL-2.1-or-later
// Command lines as dolly takes them, and the options they become; no error quotes a value.
#include "dolly_options.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "../docs_pages.h"
#include "boot_request.h"
#include "errors.h"
#include "option_words_cases.h"

namespace bootferry {
namespace {

std::string parsed(std::string_view text) {
    return inWords(parseDollyOptions(text).pluginOptions, "dolly");
}

TEST(DollyOptions, AreReadAsGetoptReadsThem) {
    const OptionWordsCases table{
        {"", ""},
        {"-v", ""},
        {"-vqn", ""},
        {"-a,30", "start-timeout=30"},
        {"-a30,-r5", "start-timeout=30 retries=5"},
        {"-vqa,30,-R", "start-timeout=30"},
        {"-P,se\\,cret", "password=se,cret"},
        {"-P-x", "password=-x"},
        {"-P,-x", "password=-x"},
        {"-6,-Y,-4", "ipv6 hyphennormal ipv4"},
        {"-u,98304,-o,/tmp/log,-c,1,-b,8192", "block-size=8192"},
    };
    expectParsed(parsed, table);
}

TEST(DollyOptions, ErrorsNameTheOption) {
    const OptionWordsCases table{
        {"-x", "-x is not an option of dolly"},
        {"-vz", "-z is not"},
        {"-", "word 1 of 1"},
        {"--", "word 1 of 1"},
        {"--verbose", "dolly has no options that begin with --"},
        {"-v,rest", "word 2 of 2"},
        {"-a", "-a needs a value"},
        {"-O,/dev/sda", "rd.kiwi.live.system="},
        {"-s", "this machine receives"},
        {"-V", "prints a version"},
        {"-v\t", "control character"},
    };
    expectRefusals(parsed, table);
}

TEST(DollyOptions, ReportWhatTheyIgnore) {
    const auto ignored = parseDollyOptions("-v,-n").ignored;
    ASSERT_EQ(ignored.size(), 2U);
    EXPECT_TRUE(ignored[0].starts_with("-v: "));
    EXPECT_TRUE(ignored[1].starts_with("-n: "));
}

TEST(DollyOptionsOfABoot, ReachThePluginAndNoOther) {
    const auto request = [](const std::string& line) {
        return parseBootRequest(KernelCommandLine::parse(line)).value();
    };
    const auto options = request("rd.bootferry.option=dolly:retries=1 root=live:dolly://x/y "
                                 "rd.kiwi.live.dolly_options=-v,-r,5")
                             .transfer()
                             ->pluginOptions;
    ASSERT_EQ(options.size(), 2U);
    EXPECT_EQ(options[0], (PluginOption{"dolly", "retries", "5"}));
    EXPECT_EQ(options[1], (PluginOption{"dolly", "retries", "1"}));
    EXPECT_EQ(request("root=live:http://x/y rd.bootferry.dolly_options=-v").ignoredDollyOptions.size(), 1U);
    try {
        (void)request("root=live:http://x/y rd.kiwi.live.dolly_options=-r,5");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("applies to dolly and not to http"), std::string::npos)
            << error.what();
    }
}

// The table of docs/dolly.md: "| `-a SECONDS` | `start-timeout` | ...".
TEST(DollyOptionTable, IsTheOneOfTheManual) {
    std::set<std::string> known;
    for (const auto& option : dollyOptionTable()) {
        const auto what = option.treatment == DollyTreatment::Honoured ? "`" + std::string(option.text) + "`"
                          : option.treatment == DollyTreatment::Harmless ? std::string("accepted")
                                                                         : std::string("refused");
        EXPECT_TRUE(
            known.insert(std::string("-") + option.letter + (option.takesValue ? " VALUE " : " ") + what)
                .second)
            << option.letter;
    }
    std::set<std::string> documented;
    std::istringstream lines(readDocsPage("dolly.md"));
    const std::regex row("\\| `-(.)( [A-Z]+)?` \\| ([^ ]+) \\|.*");
    for (std::string line; std::getline(lines, line);) {
        if (std::smatch match; std::regex_match(line, match, row)) {
            documented.insert("-" + match[1].str() + (match[2].matched ? " VALUE " : " ") + match[3].str());
        }
    }
    EXPECT_EQ(documented, known);
}

} // namespace
} // namespace bootferry
