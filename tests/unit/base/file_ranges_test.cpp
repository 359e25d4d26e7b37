// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file_ranges.h"

#include <array>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

using testing::HasSubstr;

class FileRanges : public testing::Test {
protected:
    UniqueFd file{::memfd_create("file-ranges-test", MFD_CLOEXEC)};

    void write(const std::string& text, std::uint64_t offset) const {
        writeAt(file.get(), std::as_bytes(std::span(text)), offset, "writing the test's file");
    }

    [[nodiscard]] std::string read(std::size_t size, std::uint64_t offset) const {
        std::string text(size, '?');
        text.resize(readAt(file.get(), std::as_writable_bytes(std::span(text)), offset, "reading it"));
        return text;
    }
};

TEST_F(FileRanges, WhatIsWrittenIsReadAgain) {
    write("0123456789", 0);
    write("ab", 4);
    EXPECT_EQ(read(10, 0), "0123ab6789");
    EXPECT_EQ(read(3, 5), "b67");
}

TEST_F(FileRanges, LessIsReadOnlyAtTheEndOfTheFile) {
    write("0123", 0);
    EXPECT_EQ(read(100, 1), "123");
    EXPECT_EQ(read(100, 4), "");
    EXPECT_EQ(read(100, 1000), "");
}

TEST_F(FileRanges, AFailureNamesThePlace) {
    write("0123", 0);
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const auto refusal = [](ErrorCode code, auto act) -> std::string {
        try {
            act();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code);
            return error.what();
        }
        return "no failure";
    };
    std::array<std::byte, 4> bytes{};
    EXPECT_THAT(refusal(ErrorCode::TooLarge, [&] { writeAt(full.get(), bytes, 512, "writing it"); }),
                HasSubstr("writing it at byte 512: No space left on device"));
    EXPECT_THAT(refusal(ErrorCode::Io, [&] { (void)readAt(-1, bytes, 7, "reading it"); }),
                HasSubstr("reading it at byte 7: Bad file descriptor"));
}

} // namespace
} // namespace bootferry
