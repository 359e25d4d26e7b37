// SPDX-License-Identifier: LGPL-2.1-or-later
// docs/compared.md says what each option of other live boot programs is here. Each row's first words are put
// on a line and parsed, so that no row can say what is not so.
#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "../docs_pages.h"
#include "argument_review.h"
#include "boot_request.h"
#include "errors.h"
#include "other_options.h"
#include "unknown_argument.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;
using Use = ReviewedArgument::Use;

struct Row {
    std::string option; // as it is on a line
    std::string here;
    std::string text;
};

std::string trimmed(const std::string& cell) {
    const auto begin = cell.find_first_not_of(' ');
    return begin == std::string::npos ? "" : cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin);
}

std::vector<Row> rows() {
    std::vector<Row> found;
    std::istringstream page(readDocsPage("compared.md"));
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("| `")) {
            continue;
        }
        std::vector<std::string> cells;
        std::istringstream cut(line.substr(1));
        for (std::string cell; std::getline(cut, cell, '|');) {
            cells.push_back(trimmed(cell));
        }
        EXPECT_EQ(cells.size(), 4U) << line;
        cells.resize(4);
        EXPECT_TRUE(cells[0].ends_with('`')) << line;
        found.push_back({cells[0].substr(1, cells[0].size() - 2), cells[2], cells[3]});
    }
    return found;
}

KernelCommandLine lineOf(const Row& row) {
    const bool isRoot = row.option.find("root=") == 0 || row.option.find(" root=") != std::string::npos;
    return KernelCommandLine::parse((isRoot ? "" : "root=live:http://10.0.0.1/live.iso ") + row.option);
}

std::string nameOf(const Row& row) {
    return row.option.substr(0, row.option.find_first_of("= "));
}

std::string refusalOf(const Row& row) {
    try {
        (void)parseBootRequest(lineOf(row));
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

std::set<std::string> servedNames() {
    std::set<std::string> names{"root"};
    for (const auto& argument : bootArgumentNames()) {
        names.insert(argument.names.begin(), argument.names.end());
    }
    return names;
}

bool isServed(const std::string& name) {
    const KernelArgument written{.name = name, .value = {}};
    const auto names = servedNames();
    const auto* other = findOtherOption(name);
    return std::any_of(names.begin(), names.end(), [&](const auto& served) { return written.is(served); }) ||
           (other != nullptr && other->verdict == OtherOption::Verdict::InMemory);
}

TEST(Compared, WhatIsServedIsParsed) {
    for (const auto& row : rows()) {
        if (row.here != "served" ||
            (!BOOTFERRY_VERITY && row.option.find("roothash=") != std::string::npos)) {
            continue;
        }
        EXPECT_EQ(refusalOf(row), "");
        EXPECT_TRUE(isServed(nameOf(row))) << row.option;
        const auto request = parseBootRequest(lineOf(row));
        ASSERT_TRUE(request) << row.option;
        EXPECT_TRUE(request->remarks.empty()) << row.option << ": " << request->remarks.front();
    }
}

TEST(Compared, WhatIsRefusedIsRefusedByNameWithTheTextThatHelps) {
    for (const auto& row : rows()) {
        if (row.here == "refused") {
            EXPECT_THAT(refusalOf(row), HasSubstr(nameOf(row))) << row.option;
            EXPECT_THAT(refusalOf(row), HasSubstr(row.text)) << row.option;
            EXPECT_FALSE(row.text.empty()) << row.option;
        }
    }
}

TEST(Compared, WhatIsNeedlessIsAcceptedAndSaysWhy) {
    for (const auto& row : rows()) {
        if (row.here != "needless") {
            continue;
        }
        const auto line = lineOf(row);
        const auto request = parseBootRequest(line);
        ASSERT_TRUE(request) << row.option;
        EXPECT_TRUE(request->remarks.empty()) << row.option;
        const auto reviewed = reviewArguments(line, &*request).back();
        EXPECT_EQ(reviewed.use, Use::NoEffect) << row.option;
        EXPECT_THAT(reviewed.meaning, HasSubstr(row.text)) << row.option;
    }
}

TEST(Compared, WhatIsNotOursIsLeftAlone) {
    for (const auto& row : rows()) {
        if (row.here != "not ours") {
            continue;
        }
        const auto request = parseBootRequest(lineOf(row));
        ASSERT_TRUE(request) << row.option;
        EXPECT_TRUE(request->remarks.empty()) << row.option;
        EXPECT_FALSE(isServed(nameOf(row))) << row.option;
        EXPECT_EQ(findOtherOption(nameOf(row)), nullptr) << row.option;
    }
}

TEST(Compared, EveryRowHasAVerdict) {
    const std::set<std::string> verdicts{"served", "refused", "needless", "not ours"};
    EXPECT_GT(rows().size(), 90U);
    for (const auto& row : rows()) {
        EXPECT_TRUE(verdicts.contains(row.here)) << row.option << ": " << row.here;
    }
}

TEST(Compared, EveryOptionHasARow) {
    std::set<std::string> rowNames;
    for (const auto& row : rows()) {
        rowNames.insert(nameOf(row));
    }
    for (const auto& option : otherOptions()) {
        EXPECT_TRUE(rowNames.contains(std::string(option.name))) << option.name;
    }
    for (const auto& name : servedNames()) {
        EXPECT_TRUE(name.starts_with("rd.bootferry.") || rowNames.contains(name)) << name;
    }
}

// Off is what dracut's getargbool takes for off; a value such as "false" is not, so it is refused.
TEST(Compared, WhatIsSwitchedOffAsksForNothing) {
    const std::string root = "root=live:http://10.0.0.1/live.iso ";
    for (const auto& option : otherOptions()) {
        for (const char* off : {"0", "no", "off"}) {
            const auto line = fmt::format("{}{} {}={}", root, option.name, option.name, off);
            EXPECT_TRUE(parseBootRequest(KernelCommandLine::parse(line))) << line;
        }
        if (option.verdict == OtherOption::Verdict::Refused) {
            for (const char* on : {"", "=", "=1", "=false", "=0,0", "=0 {0}"}) {
                const auto word = std::string(option.name) + fmt::format(fmt::runtime(on), option.name);
                EXPECT_THROW((void)parseBootRequest(KernelCommandLine::parse(root + word)), Error) << word;
            }
        }
    }
}

} // namespace
} // namespace bootferry
