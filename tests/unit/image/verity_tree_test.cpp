// SPDX-License-Identifier: LGPL-2.1-or-later
// The root hashes are those that veritysetup(8) prints for two blocks of zeros, and for one.
#include "verity_tree.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<unsigned char>;

constexpr std::uint32_t blockSize = 4096;
constexpr const char* rootHash = "47a3ce1d8b8d2ad638eef9139a89c6617337a3fbd6447af9f257896420513ad7";
constexpr const char* leafHash = "6e2f94952624ca90c3ee5e37285f51a17fec08cba1f15be54a4650f8e38f5f5f";

struct Superblock {
    std::string signature{"verity\0\0", 8};
    std::uint32_t version = 1;
    std::uint32_t hashType = 1;
    std::string algorithm = "sha256";
    std::uint32_t dataBlockSize = blockSize;
    std::uint32_t hashBlockSize = blockSize;
    std::uint64_t dataBlocks = 2;
    Bytes salt{0x00, 0xff};
    std::uint16_t saltSize = 2;

    [[nodiscard]] Bytes bytes() const {
        Bytes all(veritySuperblockSize);
        const auto number = [&all](std::size_t offset, std::uint64_t value, unsigned length) {
            for (unsigned i = 0; i < length; ++i) {
                all.at(offset + i) = static_cast<unsigned char>(value >> 8U * i);
            }
        };
        std::copy(signature.begin(), signature.end(), all.begin());
        number(8, version, 4);
        number(12, hashType, 4);
        std::copy(algorithm.begin(), algorithm.end(), all.begin() + 32);
        number(64, dataBlockSize, 4);
        number(68, hashBlockSize, 4);
        number(72, dataBlocks, 8);
        number(80, saltSize, 2);
        std::copy(salt.begin(), salt.end(), all.begin() + 88);
        return all;
    }
};

template <typename Act>
std::string refusalOf(Act act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Checksum);
        return error.what();
    }
    return "";
}

VerityTree treeOf(const Superblock& superblock, std::uint64_t offset = 0) {
    return parseVerityTree(superblock.bytes(), offset);
}

std::string refusalOf(const Superblock& superblock) {
    return refusalOf([&] { (void)treeOf(superblock); });
}

Bytes hashes(const std::string& hex, int times) {
    Bytes block;
    for (int i = 0; i < times; ++i) {
        for (std::size_t at = 0; at < hex.size(); at += 2) {
            block.push_back(static_cast<unsigned char>(std::stoul(hex.substr(at, 2), nullptr, 16)));
        }
    }
    block.resize(blockSize);
    return block;
}

UniqueFd fileWith(const Bytes& bytes) {
    UniqueFd file(checkErrno(::memfd_create("tree", MFD_CLOEXEC), "memfd_create"));
    EXPECT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return file;
}

Bytes wholeTree(const Superblock& superblock = {}) {
    auto bytes = superblock.bytes();
    bytes.resize(blockSize);
    const auto top = hashes(leafHash, 2);
    bytes.insert(bytes.end(), top.begin(), top.end());
    return bytes;
}

TEST(VerityTree, SizesAreThoseOfVeritysetup) {
    const auto tree = treeOf({});
    EXPECT_EQ(tree.algorithm, "sha256");
    EXPECT_EQ(tree.dataSize(), 2U * blockSize);
    EXPECT_EQ(tree.salt, (Bytes{0x00, 0xff}));
    EXPECT_EQ(tree.start, blockSize);
    EXPECT_EQ(tree.end, 2U * blockSize);
    EXPECT_EQ(treeOf({.dataBlocks = 733}).end, 32768U) << "7 blocks of hashes";
    EXPECT_EQ(treeOf({.dataBlocks = 1}).end, blockSize) << "no hashes: the root hash is the block's";
    EXPECT_EQ(treeOf({.algorithm = "sha1", .dataBlocks = 129}).end, 4U * blockSize)
        << "128 hashes in a block";
    EXPECT_EQ(treeOf({.dataBlocks = 128 * 128 + 1}).end, (1U + 129 + 2 + 1) * blockSize);
    EXPECT_EQ(treeOf({}, 5 * blockSize).start, 6U * blockSize);
    EXPECT_EQ(treeOf({}, 5 * blockSize + 512).start, 6U * blockSize);
}

TEST(VerityTree, WhatIsNoSuperblockIsRefused) {
    EXPECT_THAT(refusalOf(Superblock{.signature = "<html>"}), HasSubstr("no hash tree begins at byte 0"));
    EXPECT_THAT(refusalOf([] { (void)parseVerityTree(Bytes(100), 7); }), HasSubstr("at byte 7"));
    EXPECT_THAT(refusalOf(Superblock{.version = 2}), HasSubstr("hash tree is newer"));
    EXPECT_THAT(refusalOf(Superblock{.hashType = 2}), HasSubstr("hash tree is newer"));
    for (const auto& damaged : {
             Superblock{.algorithm = ""},
             Superblock{.algorithm = "sha256\nx"},
             Superblock{.dataBlockSize = 0},
             Superblock{.dataBlockSize = 4097},
             Superblock{.dataBlockSize = 256},
             Superblock{.dataBlockSize = 1U << 31U},
             Superblock{.hashBlockSize = 0},
             Superblock{.algorithm = "sha512", .hashBlockSize = 64},
             Superblock{.dataBlocks = 0},
             Superblock{.dataBlocks = UINT64_MAX},
             Superblock{.dataBlocks = UINT64_MAX / 4096},
             Superblock{.saltSize = 257},
         }) {
        EXPECT_THAT(refusalOf(damaged), HasSubstr("superblock of the hash tree is damaged"));
    }
    EXPECT_THAT(refusalOf([] { (void)treeOf({}, UINT64_MAX - 100); }),
                HasSubstr("superblock of the hash tree is damaged"));
}

TEST(VerityTree, MustFitTheImage) {
    const auto tree = treeOf({});
    const auto refusal = [&](const VeritySizes& sizes) {
        return refusalOf([&] { requireFit(tree, sizes); });
    };
    EXPECT_EQ(refusal({.image = 8192, .tree = 8192, .fileSystem = 8192}), "");
    EXPECT_EQ(refusal({.image = 1 << 20, .tree = 1 << 20, .fileSystem = 5000}), "") << "a RAM disk";
    EXPECT_EQ(refusal({.image = 9000, .tree = 8192, .fileSystem = std::nullopt}), "");
    EXPECT_THAT(refusal({.image = 8191, .tree = 8192, .fileSystem = 4096}), HasSubstr("a larger image"));
    EXPECT_THAT(refusal({.image = 12288, .tree = 8192, .fileSystem = 8193}),
                ::testing::AllOf(HasSubstr("covers only 8.0 KiB"),
                                 HasSubstr("no multiple of 4096 bytes (mksquashfs -nopad)")));
    EXPECT_THAT(refusal({.image = 8192, .tree = 8191, .fileSystem = 8192}),
                HasSubstr("cut: it ends at byte 8191 and should end at byte 8192"));
}

TEST(VerityTree, TheTopBlockHasTheRootHash) {
    const auto refusal = [](const Superblock& superblock, const Bytes& block, const std::string& hash) {
        return refusalOf([&] { requireRootHash(treeOf(superblock), block, hash); });
    };
    const auto top = hashes(leafHash, 2);
    EXPECT_EQ(refusal({}, top, rootHash), "");
    EXPECT_EQ(refusal({.hashType = 0},
                      hashes("c6914deef70bd5b873cd909f54785c40526a79e4e3aa04eb6bb29c3b03eaead4", 2),
                      "5ef2b038cafb4c7271abc3e785db9ba27d57064ecde6882c6a084839f16ace28"),
              "");
    EXPECT_EQ(refusal({.dataBlocks = 1}, Bytes(blockSize), leafHash), "");
    EXPECT_THAT(refusal({.hashType = 0}, top, rootHash), HasSubstr("belongs to another image"));
    EXPECT_THAT(refusal({}, hashes(leafHash, 1), rootHash), HasSubstr("belongs to another image"));
    EXPECT_THAT(refusal({}, top, std::string(64, '0')), HasSubstr(std::string(64, '0') + " is expected"));
    EXPECT_THAT(refusal({}, top, "00"), HasSubstr("2 digits, but a sha256 hash has 64"));
    EXPECT_THAT(refusal({.algorithm = "shake-256"}, top, rootHash), HasSubstr("no fixed hash length"));
    EXPECT_EQ(refusal({.algorithm = "vmac64"}, top, "00"), "") << "the kernel judges it";
}

TEST(VerityTree, IsReadFromAFileOrFromBehindTheImage) {
    const Bytes image(2U * blockSize);
    auto appended = image;
    const auto behind = wholeTree();
    appended.insert(appended.end(), behind.begin(), behind.end());
    const auto imageFile = fileWith(image);
    const auto treeFile = fileWith(wholeTree());
    const auto both = fileWith(appended);
    EXPECT_EQ(readVerityTree(imageFile.get(), treeFile.get(), 0, rootHash).dataBlocks, 2U);
    EXPECT_EQ(readVerityTree(both.get(), both.get(), image.size(), rootHash).start, 3U * blockSize);
    const auto refusal = [](const UniqueFd& of, const UniqueFd& tree, std::uint64_t offset) {
        return refusalOf([&] { (void)readVerityTree(of.get(), tree.get(), offset, rootHash); });
    };
    EXPECT_THAT(refusal(both, both, 0), HasSubstr("no hash tree begins at byte 0"));
    EXPECT_THAT(refusal(both, both, appended.size()), HasSubstr("the image ends at byte 16384"));
    EXPECT_THAT(refusal(both, both, UINT64_MAX), HasSubstr("no hash tree begins"));
    EXPECT_THAT(refusal(imageFile, fileWith({}), 0), HasSubstr("the file ends at byte 0"));
    auto cut = wholeTree();
    cut.resize(cut.size() - 1);
    EXPECT_THAT(refusal(imageFile, fileWith(cut), 0), HasSubstr("cut"));
    EXPECT_THAT(refusal(fileWith(Bytes(blockSize)), treeFile, 0), HasSubstr("a larger image"));
}

TEST(VerityTree, IsJudgedBeforeItsImageIsThere) {
    const auto refusal = [](const Bytes& bytes, const std::string& hash) {
        const auto file = fileWith(bytes);
        return refusalOf([&] { judgeVerityTree(file.get(), hash); });
    };
    EXPECT_EQ(refusal(wholeTree(), rootHash), "");
    EXPECT_THAT(refusal(wholeTree(), leafHash), HasSubstr("belongs to another image"));
    EXPECT_THAT(refusal({}, rootHash), HasSubstr("the file ends at byte 0"));
    EXPECT_THAT(refusal(Bytes(blockSize), rootHash), HasSubstr("no hash tree begins at byte 0"));
    auto cut = wholeTree();
    cut.resize(cut.size() - 1);
    EXPECT_THAT(refusal(cut, rootHash), HasSubstr("cut"));
    EXPECT_EQ(refusal(wholeTree({.dataBlocks = 1}), rootHash), "")
        << "the root hash is the image's only block's";
}

} // namespace
} // namespace bootferry
