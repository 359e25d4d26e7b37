// SPDX-License-Identifier: LGPL-2.1-or-later
// tests/integration/fetch_continue_test.py covers the rest, with real servers and signals.
#include "file_target.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bootferry {
namespace {

constexpr std::uint64_t little = std::uint64_t{2} << 20U;
constexpr std::uint64_t more = std::uint64_t{3} << 20U;
constexpr std::uint64_t all = std::uint64_t{4} << 20U;

class FileTargetTest : public testing::Test {
protected:
    FileTargetTest() {
        std::string path = testing::TempDir() + "file-target-XXXXXX";
        EXPECT_NE(::mkdtemp(path.data()), nullptr);
        folder_ = path;
        request_.url = Url::parse("http://h/image");
        request_.target = folder_ / "image";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] FileTarget target() const { return FileTarget(locateFile(request_.target)); }

    // A fetch that receives this number of bytes and then ends.
    void leavePart(const KnownSource& source, std::uint64_t length) {
        auto file = target();
        (void)file.findPart(request_);
        auto open = file.open(source.size);
        ASSERT_EQ(::ftruncate(open.fd.get(), static_cast<off_t>(length)), 0);
        open.fd.reset();
        EXPECT_EQ(file.keep(request_, source), length);
    }

    [[nodiscard]] std::optional<Continuation> next() const {
        return target().findPart(request_).continuation;
    }

    std::filesystem::path folder_;
    TransferRequest request_;
};

// The descriptor of open() is another program's here.
TEST_F(FileTargetTest, WhatAnotherProgramWritesIsNotPublishedOrKept) {
    const KnownSource source{.size = all, .validator = "first"};
    for (const bool isClosed : {true, false}) {
        for (const bool isComplete : {true, false}) {
            leavePart(source, little);
            auto file = target();
            EXPECT_TRUE(file.findPart(request_).continuation);
            auto open = file.open(all);
            UniqueFd other(::open(file.partPath().c_str(), O_WRONLY | O_CLOEXEC));
            ASSERT_EQ(::ftruncate(open.fd.get(), static_cast<off_t>(isComplete ? all : more)), 0);
            open.fd.reset();
            ASSERT_EQ(::pwrite(other.get(), "x", 1, 0), 1);
            if (isClosed) {
                other.reset();
            }
            if (isComplete) {
                EXPECT_THROW((void)file.publish(std::nullopt), Error);
            }
            EXPECT_FALSE(file.keep(request_, source));
            EXPECT_EQ(file.whyNotKept().empty(), isComplete);
        }
        EXPECT_TRUE(std::filesystem::is_empty(folder_));
    }
}

TEST_F(FileTargetTest, WhoReadsAPartIsNoMatter) {
    const KnownSource source{.size = all, .validator = "first"};
    leavePart(source, little);
    const UniqueFd reader(::open((folder_ / "image.part").c_str(), O_RDONLY | O_CLOEXEC));
    auto file = target();
    EXPECT_TRUE(file.findPart(request_).continuation);
    auto open = file.open(all);
    ASSERT_EQ(::ftruncate(open.fd.get(), all), 0);
    open.fd.reset();
    EXPECT_EQ(file.publish(std::nullopt), "");
    EXPECT_EQ(std::filesystem::file_size(folder_ / "image"), all);
}

TEST_F(FileTargetTest, WhatAnotherProgramWritesToIsNotContinued) {
    leavePart({.size = all, .validator = "first"}, little);
    {
        const UniqueFd writer(::open((folder_ / "image.part").c_str(), O_WRONLY | O_CLOEXEC));
        const auto found = target().findPart(request_);
        EXPECT_FALSE(found.continuation);
        EXPECT_NE(found.whyNot.find("another program writes to it"), std::string::npos) << found.whyNot;
    }
    EXPECT_TRUE(next());
}

// A signal may come between the words of the worker that the version is another one, and that it wants
// another target.
TEST_F(FileTargetTest, APartKeepsItsVersionUntilItIsSetAside) {
    leavePart({.size = all, .validator = "first"}, little);
    for (const auto size : {all, all + 1}) {
        auto file = target();
        EXPECT_TRUE(file.findPart(request_).continuation);
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), more), 0);
        open.fd.reset();
        EXPECT_EQ(file.keep(request_, {.size = size, .validator = "second"}), more);
    }
    ASSERT_TRUE(next());
    EXPECT_EQ(next()->validator, "first");
    EXPECT_EQ(next()->size, all);
    EXPECT_EQ(next()->offset, more);
}

TEST_F(FileTargetTest, AnotherVersionIsKeptWhenItHasBytes) {
    leavePart({.size = all, .validator = "first"}, more);
    for (const auto length : {std::uint64_t{1000}, little}) {
        auto file = target();
        EXPECT_TRUE(file.findPart(request_).continuation);
        (void)file.open(all);
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), static_cast<off_t>(length)), 0);
        open.fd.reset();
        EXPECT_EQ(file.keep(request_, {.size = all, .validator = "second"}), length < little ? more : little);
    }
    EXPECT_EQ(next()->validator, "second");
}

TEST_F(FileTargetTest, OfTheSameVersionTheLongerOneIsKept) {
    leavePart({.size = all, .validator = "first"}, more);
    auto file = target();
    EXPECT_TRUE(file.findPart(request_).continuation);
    (void)file.open(all);
    auto open = file.open(all);
    ASSERT_EQ(::ftruncate(open.fd.get(), little), 0);
    open.fd.reset();
    EXPECT_EQ(file.keep(request_, {.size = all, .validator = "first"}), more);
}

// The file on the server was rewritten while the rest was read: as long as the whole, but of two versions.
TEST_F(FileTargetTest, WhatWasReceivedBeforeAStartOverIsCutOff) {
    leavePart({.size = all, .validator = "first"}, little);
    for (const bool isKilled : {false, true}) {
        auto file = target();
        EXPECT_TRUE(file.findPart(request_).continuation);
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), all), 0);
        open.fd.reset();
        file.startsOver();
        if (isKilled) {
            (void)file.open(all);
            EXPECT_EQ(std::filesystem::file_size(file.partPath()), little);
        }
        EXPECT_EQ(file.keep(request_, {.size = all, .validator = "first"}), little);
        EXPECT_EQ(std::filesystem::file_size(file.partPath()), little);
    }
    ASSERT_TRUE(next());
    EXPECT_EQ(next()->offset, little);
}

TEST_F(FileTargetTest, WhatOnlyTheChecksumRejectsStaysWhole) {
    leavePart({.size = all, .validator = "first"}, little);
    request_.checksum = "sha256:00";
    for (const bool isOpenedAgain : {false, true}) {
        auto file = target();
        EXPECT_TRUE(file.findPart(request_).continuation);
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), all), 0);
        open.fd.reset();
        file.receivedAll();
        file.startsOver();
        if (isOpenedAgain) {
            (void)file.open(all);
        }
        EXPECT_EQ(file.keep(request_, {.size = all, .validator = "first"}), all);
    }
    EXPECT_TRUE(next());
    request_.checksum.reset(); // the bytes are of two fetches, and nothing would judge them
    EXPECT_FALSE(next());
}

TEST_F(FileTargetTest, OnlyWhatIsWholeIsKeptAsWhole) {
    request_.checksum = "sha256:00";
    const KnownSource source{.size = all, .validator = "first"};
    for (const auto length : {little, all + 1, all}) {
        auto file = target();
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), static_cast<off_t>(length)), 0);
        open.fd.reset();
        EXPECT_EQ(file.keepWhole(request_, source).has_value(), length == all) << length;
    }
    EXPECT_FALSE(next()); // the same checksum again
    request_.checksum = "sha256:11";
    ASSERT_TRUE(next());
    EXPECT_TRUE(next()->isWhole);
    EXPECT_EQ(next()->offset, all - 1);
}

// Its checksum may be another one by now; if not, the bytes are fetched once more.
TEST_F(FileTargetTest, WhatAListRejectsIsComparedWithItAgain) {
    request_.checksumUrl = Url::parse("http://h/SHA256SUMS");
    {
        auto file = target();
        auto open = file.open(all);
        ASSERT_EQ(::ftruncate(open.fd.get(), all), 0);
        open.fd.reset();
        EXPECT_TRUE(file.keepWhole(request_, {.size = all, .validator = "first"}));
    }
    ASSERT_TRUE(next());
    EXPECT_FALSE(next()->isWhole);
    request_.checksumUrl = Url::parse("http://h/other");
    ASSERT_TRUE(next());
    EXPECT_TRUE(next()->isWhole);
}

} // namespace
} // namespace bootferry
