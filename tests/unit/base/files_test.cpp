// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads are limited in size, writes are atomic.
#include "files.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"

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

TEST_F(Files, WaitsForAPipeAndNotForEver) {
    const auto path = folder + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto codeOf = [&] {
        try {
            (void)readSmallFile(path, 100, std::chrono::milliseconds(20));
        } catch (const Error& error) {
            return error.code();
        }
        return ErrorCode::Internal;
    };
    EXPECT_EQ(codeOf(), ErrorCode::Timeout);
    const UniqueFd writer(::open(path.c_str(), O_RDWR | O_CLOEXEC)); // has it open to the end
    ASSERT_EQ(::write(writer.get(), "one", 3), 3);
    EXPECT_EQ(codeOf(), ErrorCode::Timeout) << "nothing says that this was all";
}

TEST_F(Files, ReadsAPipeToItsEnd) {
    const auto path = folder + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] {
        const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        for (const auto* text : {"one", "two"}) {
            EXPECT_EQ(::write(fd.get(), text, 3), 3);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    });
    EXPECT_EQ(readSmallFile(path), "onetwo");
    writer.join();
}

TEST_F(Files, AnUnnamedPipeWithoutAWriterHasEnded) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto path = "/proc/self/fd/" + std::to_string(ends[0]);
    ASSERT_EQ(::write(ends[1], "text", 4), 4);
    ::close(ends[1]);
    EXPECT_EQ(readSmallFile(path), "text");
    EXPECT_EQ(readSmallFile(path), "");
}

TEST_F(Files, DoesNotOpenADevice) {
    EXPECT_EQ(readSmallFile("/dev/null"), "");
    EXPECT_THROW((void)readSmallFile("/dev/zero"), Error);
    EXPECT_THROW((void)readSmallFile("/dev/full"), Error);
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
