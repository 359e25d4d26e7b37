// SPDX-License-Identifier: LGPL-2.1-or-later
#include "partial_state.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "handles.h"

namespace bootferry {
namespace {

PartialState someState() {
    return {.url = "http://h/image?a=b c",
            .checksum = "sha256:00",
            .isWhole = true,
            .size = 4000000,
            .validator = "\"an etag\"",
            .file = {.inode = 12,
                     .born = "1.000000002",
                     .length = 3000000,
                     .modified = "3.000000004",
                     .changed = "3.000000005"}};
}

TEST(PartialState, IsReadAsItWasWritten) {
    EXPECT_EQ(partialFromText("bootferryctl fetch 1\npid 7\n" + toText(someState())), someState());
    auto growing = someState();
    growing.growing = true;
    EXPECT_EQ(partialFromText(toText(growing)), growing);
    PartialState little;
    little.file.inode = 1;
    EXPECT_EQ(partialFromText(toText(little)), little);
}

TEST(PartialState, IsRefusedUnlessItIsComplete) {
    const auto text = toText(someState());
    for (std::size_t length = 0; length + 1 < text.size(); ++length) {
        EXPECT_FALSE(partialFromText(text.substr(0, length))) << length;
    }
    EXPECT_FALSE(partialFromText("pid 7\nend\n"));
    EXPECT_FALSE(partialFromText("inode x\nend\n"));
}

TEST(PartialState, WhatFollowsItIsOfAnEarlierOne) {
    EXPECT_EQ(partialFromText(toText(someState()) + "url http://other/\nend\n"), someState());
}

TEST(PartialState, AnotherFileIsAnotherOne) {
    auto state = someState();
    EXPECT_TRUE(isFileOf(state, state.file));
    for (auto change :
         {+[](FileIdentity& file) { ++file.inode; }, +[](FileIdentity& file) { file.born = "5.0"; },
          +[](FileIdentity& file) { ++file.length; }, +[](FileIdentity& file) { file.modified = "5.0"; },
          +[](FileIdentity& file) { file.changed = "5.0"; }}) {
        auto other = state.file;
        change(other);
        EXPECT_FALSE(isFileOf(state, other));
    }
}

TEST(PartialState, AFileThatIsBeingWrittenIsRecognisedByItsBirthTime) {
    auto state = someState();
    state.growing = true;
    auto now = state.file;
    now.length += 5;
    now.modified = now.changed = "9.0";
    EXPECT_TRUE(isFileOf(state, now));
    now.length = state.file.length - 1;
    EXPECT_FALSE(isFileOf(state, now));
    now.length = state.file.length;
    EXPECT_TRUE(isFileOf(state, now));
    now.born = "9.0";
    EXPECT_FALSE(isFileOf(state, now));
    state.file.born = now.born = "";
    EXPECT_FALSE(isFileOf(state, now));
}

TEST(PartialState, RecognisesAFileThatIsOpen) {
    std::string path = testing::TempDir() + "bootferry-part-XXXXXX";
    const UniqueFd file(::mkstemp(path.data()));
    ASSERT_TRUE(file);
    ::unlink(path.c_str());
    ASSERT_EQ(::write(file.get(), "four", 4), 4);
    const auto before = identityOf(file.get());
    EXPECT_EQ(before.length, 4U);
    EXPECT_EQ(identityOf(file.get()), before);
    ASSERT_EQ(::ftruncate(file.get(), 2), 0);
    EXPECT_NE(identityOf(file.get()), before);
}

} // namespace
} // namespace bootferry
