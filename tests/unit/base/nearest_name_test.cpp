// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nearest_name.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(NearestName, IsTheNameThatWasMeant) {
    const std::vector<std::string_view> known{"list", "status", "stall-timeout", "timeout", "no-continue"};
    const std::vector<std::pair<std::string, std::string>> table{
        {"lsit", "list"},
        {"lis", "list"},
        {"listt", "list"},
        {"lost", "list"},
        {"stal-timout", "stall-timeout"},
        {"tiemout", "timeout"},
        {"nocontinue", "no-continue"},
        {"time", ""},
        {"xy", ""},
        {"", ""},
        {"fetch", ""},
        {std::string(100000, 'l'), ""},
    };
    for (const auto& [written, meant] : table) {
        EXPECT_EQ(nearestName(written, known), meant) << written.substr(0, 20);
    }
}

TEST(NearestName, IsNeverAnotherNameAltogether) {
    const std::vector<std::string_view> known{"a", "x"};
    EXPECT_EQ(nearestName("b", known), "");
    EXPECT_EQ(nearestName("b", {}), "");
}

} // namespace
} // namespace bootferry
