// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads are limited in size, writes are atomic.
#include "files.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "errors.h"

namespace bootferry {
namespace {

class Files : public testing::Test {
protected:
    void SetUp() override {
        folder = testing::TempDir() + "bootferry-files-XXXXXX";
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string folder;
};

TEST_F(Files, AMissingFileIsNotAnError) {
    EXPECT_FALSE(readSmallFile(folder + "/nothing"));
}

TEST_F(Files, ReadsBackWhatWasWritten) {
    const auto path = folder + "/a/b/text";
    writeFileAtomically(path, "first");
    writeFileAtomically(path, "second", 0600);
    EXPECT_EQ(readSmallFile(path), "second");
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(Files, RefusesAFileLargerThanTheCap) {
    writeFileAtomically(folder + "/large", std::string(100, 'x'));
    EXPECT_EQ(readSmallFile(folder + "/large", 100)->size(), 100U);
    EXPECT_THROW((void)readSmallFile(folder + "/large", 99), Error);
}

TEST_F(Files, FailsToReadAFolder) {
    EXPECT_THROW((void)readSmallFile(folder), Error);
}

} // namespace
} // namespace bootferry
