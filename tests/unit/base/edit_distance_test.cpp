// SPDX-License-Identifier: LGPL-2.1-or-later
#include "edit_distance.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(EditDistance, CountsInsertedDeletedReplacedAndExchangedLetters) {
    struct {
        const char* one;
        const char* other;
        std::size_t distance;
    } const cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"system", "system", 0},
        {"system", "sytem", 1},
        {"sytem", "system", 1},
        {"system", "sysstem", 1},
        {"system", "sxstem", 1},
        {"system", "sysetm", 1},
        {"abc", "cba", 2},
        {"ab", "ba", 1},
        {"kitten", "sitting", 3},
        {"persistent", "persistant", 1},
    };
    for (const auto& [one, other, distance] : cases) {
        EXPECT_EQ(editDistance(one, other), distance) << one << " " << other;
        EXPECT_EQ(editDistance(other, one), distance) << other << " " << one;
    }
}

TEST(EditDistance, IsBounded) {
    const std::string longest(64, 'a');
    const std::string tooLong(65, 'a');
    EXPECT_EQ(editDistance(longest, longest.substr(1)), 1U);
    EXPECT_EQ(editDistance(tooLong, longest), SIZE_MAX);
    EXPECT_EQ(editDistance(tooLong, tooLong), 0U);
}

} // namespace
} // namespace bootferry
