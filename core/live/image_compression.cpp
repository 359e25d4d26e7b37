// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields are those of the kernel's fs/squashfs/squashfs_fs.h and fs/erofs/erofs_fs.h: the compressor's
// number in a squashfs, a set of compressors in an erofs. All numbers are little-endian.
#include "image_compression.h"

#include <array>
#include <cstdint>

#include <unistd.h>

namespace bootferry {
namespace {

std::uint32_t numberAt(int fd, off_t offset, std::size_t size) {
    std::array<unsigned char, 4> bytes{};
    if (::pread(fd, bytes.data(), size, offset) != static_cast<ssize_t>(size)) {
        return 0;
    }
    return bytes[0] | std::uint32_t{bytes[1]} << 8U | std::uint32_t{bytes[2]} << 16U |
           std::uint32_t{bytes[3]} << 24U;
}

std::string squashfsCompression(int fd) {
    static constexpr std::array names{"", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"};
    const auto number = numberAt(fd, 20, 2);
    return number < names.size() ? names.at(number) : "";
}

std::string erofsCompression(int fd) {
    constexpr off_t superblock = 1024;
    constexpr std::uint32_t hasSet = 2; // of the incompatible features; without it there is only lz4
    static constexpr std::array names{"lz4", "lzma", "deflate", "zstd"};
    const auto features = numberAt(fd, superblock + 80, 4);
    const auto set = (features & hasSet) != 0 ? numberAt(fd, superblock + 84, 2) : 0;
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if ((set >> i & 1U) != 0) {
            text += (text.empty() ? "" : ", ") + std::string(names.at(i));
        }
    }
    return text;
}

} // namespace

std::string compressionOf(int fd, const std::string& type) {
    return type == "squashfs" ? squashfsCompression(fd) : type == "erofs" ? erofsCompression(fd) : "";
}

} // namespace bootferry
