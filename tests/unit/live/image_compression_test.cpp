// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image_compression.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

using namespace std::string_literals;

std::string compressionOfImage(const std::string& type, off_t offset, const std::string& bytes,
                               const std::string& features = "") {
    const UniqueFd image(checkErrno(::memfd_create("image", MFD_CLOEXEC), "memfd_create"));
    checkErrno(::ftruncate(image.get(), 4096), "ftruncate");
    checkErrno(::pwrite(image.get(), bytes.data(), bytes.size(), offset), "pwrite");
    checkErrno(::pwrite(image.get(), features.data(), features.size(), 1024 + 80), "pwrite");
    return compressionOf(image.get(), type);
}

TEST(ImageCompression, OfASquashfsIsANumber) {
    const std::pair<std::string, const char*> numbers[] = {
        {"\0\0"s, ""},    {"\1\0"s, "gzip"}, {"\2\0"s, "lzma"}, {"\3\0"s, "lzo"}, {"\4\0"s, "xz"},
        {"\5\0"s, "lz4"}, {"\6\0"s, "zstd"}, {"\7\0"s, ""},     {"\4\1"s, ""},    {"\xff\xff"s, ""}};
    for (const auto& [bytes, name] : numbers) {
        EXPECT_EQ(compressionOfImage("squashfs", 20, bytes), name);
    }
}

TEST(ImageCompression, OfAnErofsIsASet) {
    EXPECT_EQ(compressionOfImage("erofs", 1024 + 84, "\x08\0"s, "\3\0\0\0"s), "zstd");
    EXPECT_EQ(compressionOfImage("erofs", 1024 + 84, "\x07\0"s, "\2\0\0\0"s), "lz4, lzma, deflate");
    EXPECT_EQ(compressionOfImage("erofs", 1024 + 84, "\x07\0"s, "\1\0\0\0"s), "") << "another field";
    EXPECT_EQ(compressionOfImage("erofs", 1024 + 84, "\xf0\xff"s, "\2\0\0\0"s), "");
}

TEST(ImageCompression, OfAnythingElseIsUnknown) {
    EXPECT_EQ(compressionOfImage("ext4", 20, "\4\0"s), "");
    const UniqueFd empty(checkErrno(::memfd_create("image", MFD_CLOEXEC), "memfd_create"));
    EXPECT_EQ(compressionOf(empty.get(), "squashfs"), "");
    EXPECT_EQ(compressionOf(empty.get(), "erofs"), "");
    EXPECT_EQ(compressionOf(-1, "erofs"), "");
}

} // namespace
} // namespace bootferry
