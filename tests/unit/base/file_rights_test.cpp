// SPDX-License-Identifier: LGPL-2.1-or-later
// tests/integration/fetch_file_test.py covers owners, groups and the lists of real files.
#include "file_rights.h"

#include <initializer_list>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

struct Entry {
    unsigned char tag;
    unsigned char rights;
};

constexpr Entry owner{0x01, 6};
constexpr Entry user{0x02, 6};
constexpr Entry mask{0x10, 6};
constexpr Entry others{0x20, 4};

std::string listOf(std::initializer_list<Entry> entries) {
    std::string list("\x02\0\0\0", 4);
    for (const auto& [tag, rights] : entries) {
        list += static_cast<char>(tag);
        list += '\0';
        list += static_cast<char>(rights);
        list += std::string("\0\xff\xff\xff\xff", 5);
    }
    return list;
}

TEST(FileRights, TheGroupHasWhatItsEntryAndTheMaskAllow) {
    EXPECT_EQ(groupRights(listOf({owner, user, {0x04, 0}, mask, others})), 0U);
    EXPECT_EQ(groupRights(listOf({owner, user, {0x04, 5}, mask, others})), 4U);
    EXPECT_EQ(groupRights(listOf({owner, {0x04, 5}, others})), 5U);
}

TEST(FileRights, AnotherGroupHasNoMoreThanEverybody) {
    EXPECT_EQ(withOthersRightsForGroup(listOf({owner, user, {0x04, 7}, mask, others})),
              listOf({owner, user, {0x04, 4}, mask, others}));
    EXPECT_EQ(withOthersRightsForGroup(listOf({owner, {0x04, 2}, others})),
              listOf({owner, {0x04, 0}, others}));
}

TEST(FileRights, WhatIsNoListSaysNothing) {
    const auto list = listOf({owner, {0x04, 6}, others});
    for (const auto& text : {std::string(), std::string("\x02\0\0\0", 4), list.substr(0, list.size() - 1),
                             "\x03" + list.substr(1), listOf({owner, user})}) {
        EXPECT_FALSE(groupRights(text));
        EXPECT_FALSE(withOthersRightsForGroup(text));
    }
    EXPECT_FALSE(withOthersRightsForGroup(listOf({owner, {0x04, 6}})));
}

} // namespace
} // namespace bootferry
