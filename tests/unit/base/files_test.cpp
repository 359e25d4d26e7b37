// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads are limited in size, writes are atomic.
#include "files.h"

#include <cerrno>
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

TEST(FileErrorCode, IsTheReason) {
    for (const int number : {ENOENT, ENOTDIR, ENXIO, ENODEV}) {
        EXPECT_EQ(fileErrorCode(number), ErrorCode::NotFound) << number;
    }
    for (const int number : {EACCES, EPERM}) {
        EXPECT_EQ(fileErrorCode(number), ErrorCode::NotPermitted) << number;
    }
    for (const int number : {EISDIR, ELOOP, ENOTBLK, EROFS, EBUSY, ETXTBSY}) {
        EXPECT_EQ(fileErrorCode(number), ErrorCode::TargetRefused) << number;
    }
    for (const int number : {ENOSPC, EDQUOT, EFBIG}) {
        EXPECT_EQ(fileErrorCode(number), ErrorCode::TooLarge) << number;
    }
    EXPECT_EQ(fileErrorCode(ENAMETOOLONG), ErrorCode::Invalid);
    EXPECT_EQ(fileErrorCode(EIO), ErrorCode::Io);
    EXPECT_EQ(fileErrorCode(0), ErrorCode::Io);
}

} // namespace
} // namespace bootferry
