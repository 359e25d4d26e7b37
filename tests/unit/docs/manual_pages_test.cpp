// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-kernel-command-line(7) names the arguments that are read, all of them and no others.
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "../docs_pages.h"
#include "boot_request.h"
#include "errors.h"
#include "service_stopped.h"

namespace bootferry {
namespace {

// The words of the list items: ".It Li rd.live.dir= Ns Ar FOLDER , Li rd.bootferry.dir= Ns Ar FOLDER".
std::set<std::string> documentedWords() {
    const auto page = readDocsPage("bootferry-kernel-command-line.7");
    std::set<std::string> words;
    std::istringstream lines(page);
    const std::regex word("Li ([a-z][a-z_.0-9/-]*=?)");
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(".It ")) {
            continue;
        }
        for (auto match = std::sregex_iterator(line.begin(), line.end(), word);
             match != std::sregex_iterator(); ++match) {
            words.insert((*match)[1]);
        }
    }
    words.erase("root=");
    return words;
}

std::set<std::string> knownWords() {
    std::set<std::string> words;
    for (const auto& argument : bootArgumentNames()) {
        for (const auto name : argument.names) {
            words.insert(std::string(name) + (argument.takesValue ? "=" : ""));
        }
    }
    return words;
}

TEST(ManualPages, NameTheArgumentsOfTheKernelCommandLine) {
    EXPECT_EQ(documentedWords(), knownWords());
}

TEST(ManualPages, NameTheErrorsOfDBus) {
    const auto page = readDocsPage("org.bootferry1.5");
    std::set<std::string> documented;
    const std::regex item(R"(\.It Li org\.bootferry1\.Error\.(\w+))");
    for (auto match = std::sregex_iterator(page.begin(), page.end(), item); match != std::sregex_iterator();
         ++match) {
        documented.insert((*match)[1]);
    }
    std::set<std::string> known{std::string(serviceStopped.substr(serviceStopped.rfind('.') + 1))};
    for (int number = 0; number < 100; ++number) {
        if (const auto code = errorCodeFromNumber(number)) {
            known.emplace(errorName(*code));
        }
    }
    EXPECT_EQ(documented, known);
}

} // namespace
} // namespace bootferry
