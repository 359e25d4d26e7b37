// SPDX-License-Identifier: LGPL-2.1-or-later
// org.bootferry1(5) and bootferryctl(1) say of a transfer's properties what their table says.
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "../docs_pages.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

// What stands between two lines of a page, both without themselves.
std::string between(const std::string& page, const std::string& first, const std::string& last) {
    const auto begin = page.find(first);
    const auto end = page.find(last, begin + first.size());
    if (begin == std::string::npos || end == std::string::npos) {
        throw std::runtime_error("no '" + first + "' with a '" + last + "' behind it");
    }
    return page.substr(begin + first.size(), end - begin - first.size());
}

// The texts of a list's items by each of their names: ".It Li StartedUSec , FinishedUSec" has two.
std::map<std::string, std::string> itemsOf(const std::string& section) {
    std::map<std::string, std::string> items;
    std::vector<std::string> names;
    const std::regex word("[A-Za-z_]+");
    std::istringstream lines(section);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(".It Li ")) {
            names.clear();
            const auto list = line.substr(std::string_view(".It Li ").size());
            for (auto match = std::sregex_iterator(list.begin(), list.end(), word);
                 match != std::sregex_iterator(); ++match) {
                names.push_back(match->str());
                items[names.back()];
            }
            continue;
        }
        for (const auto& name : names) {
            items[name] += (items[name].empty() ? "" : " ") + line;
        }
    }
    return items;
}

std::string transferSection() {
    return between(readDocsPage("org.bootferry1.5"), ".Sh TRANSFER OBJECTS\n", ".Sh ERRORS\n");
}

TEST(TransferPages, ListThePropertiesWithTheirTypes) {
    std::string expected;
    for (const auto& property : transferProperties) {
        if (property.changes == Changes::Never) {
            expected += "      @org.freedesktop.DBus.Property.EmitsChangedSignal(\"const\")\n";
        }
        expected += std::string("      readonly ") + signatureOf(property) + " " + property.name + ";\n";
    }
    EXPECT_EQ(between(transferSection(), "    properties:\n", "  };\n"), expected);
}

TEST(TransferPages, DescribeEachPropertyInTheWordsOfTheTable) {
    const auto items = itemsOf(between(transferSection(), ".Ss Properties\n", ".El\n"));
    EXPECT_EQ(items.size(), std::size(transferProperties));
    for (const auto& property : transferProperties) {
        const auto item = items.find(property.name);
        ASSERT_NE(item, items.end()) << property.name;
        EXPECT_EQ(item->second.substr(0, std::string_view(property.text).size()), property.text);
    }
}

TEST(TransferPages, NameTheMembersOfTheJsonObject) {
    std::set<std::string> expected{"seconds", "mean_rate", "verified", "initrd", "medium"}; // no properties
    for (const auto& property : transferProperties) {
        if (property.json.key != nullptr) {
            expected.emplace(property.json.key);
        }
    }
    std::set<std::string> documented;
    const auto page = readDocsPage("bootferryctl.1");
    for (const auto& [name, text] : itemsOf(between(page, ".Sh JSON OUTPUT\n", ".Sh EXIT STATUS\n"))) {
        documented.insert(name);
    }
    EXPECT_EQ(documented, expected);
}

} // namespace
} // namespace bootferry
