// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryctl(1) lists the exit statuses in the same order and words as their table.
#include "exit_status.h"

#include <gtest/gtest.h>

#include "../docs_pages.h"

namespace bootferry {
namespace {

TEST(ExitStatusPage, IsTheTable) {
    const auto page = readDocsPage("bootferryctl.1");
    const auto section = page.find(".Sh EXIT STATUS\n");
    ASSERT_NE(section, std::string::npos);
    const auto begin = page.find(".It ", section);
    std::string expected;
    for (const auto& [number, code, text] : exitStatuses()) {
        expected += ".It " + std::to_string(number) + "\n" + text + "\n";
    }
    EXPECT_EQ(page.substr(begin, page.find(".El\n", begin) - begin), expected);
}

} // namespace
} // namespace bootferry
