// SPDX-License-Identifier: LGPL-2.1-or-later
// The hash tree of an image (dm-verity), as veritysetup(8) formats it: a superblock, then the levels, the top
// one first. It comes from the network or the medium, so nothing in it is believed: what the kernel would
// report as a bare I/O error is judged here, in words, before the kernel gets it. That the top block has the
// requested root hash is what proves the rest: the kernel verifies each block below it when it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bootferry {

struct VerityTree {
    unsigned hashType = 1; // 1: the salt is hashed before a block, 0: behind it
    std::string algorithm; // as the kernel names it: "sha256"
    std::uint32_t dataBlockSize = 0;
    std::uint32_t hashBlockSize = 0;
    std::uint64_t dataBlocks = 0;
    std::vector<unsigned char> salt;
    std::uint64_t start = 0; // of the top level, in bytes from the beginning of what holds the tree
    std::uint64_t end = 0;   // of the lowest level

    [[nodiscard]] std::uint64_t dataSize() const { return dataBlocks * dataBlockSize; } // bytes
};

inline constexpr std::size_t veritySuperblockSize = 512;

// superblock: the first veritySuperblockSize bytes at `offset`. Throws Error(Checksum) if they are not a
// superblock that this program serves, or if no image could have such a tree. Pure.
[[nodiscard]] VerityTree parseVerityTree(std::span<const unsigned char> superblock, std::uint64_t offset);

// What the tree is of, and where it is.
struct VeritySizes {
    std::uint64_t image = 0; // bytes that the image may have, without an appended tree
    std::uint64_t tree = 0;  // bytes of what holds the tree
    // Of the file system in the image, if it declares its size: all of it must be covered.
    std::optional<std::uint64_t> fileSystem;
};

// Throws Error(Checksum) if the tree is cut, or is one of a larger or smaller image. Pure.
void requireFit(const VerityTree& tree, const VeritySizes& sizes);

// block: the top block of the tree, or the image's only block. Throws Error(Checksum) if its hash is not
// rootHash (lower case hex). Does nothing if OpenSSL does not have the algorithm: the kernel may have it, and
// compares it at the first read. Pure.
void requireRootHash(const VerityTree& tree, std::span<const unsigned char> block,
                     const std::string& rootHash);

// What a file with a tree shows before its image is there: that it is a tree, complete, and has this root
// hash (of an image of one block, which has no hashes in the tree, only the rest). Throws Error(Checksum,
// Io).
void judgeVerityTree(int treeFile, const std::string& rootHash);

// All of the above, from open descriptors: reads the superblock at `offset` and the top block, and judges
// both and the image's size. image and treeFile may be the same. Throws Error(Io) as well.
[[nodiscard]] VerityTree readVerityTree(int image, int treeFile, std::uint64_t offset,
                                        const std::string& rootHash);

} // namespace bootferry
