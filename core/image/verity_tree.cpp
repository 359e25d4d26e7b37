// SPDX-License-Identifier: LGPL-2.1-or-later
// The superblock is that of cryptsetup (lib/verity/verity.c), the arithmetic of the levels that of the
// kernel's drivers/md/dm-verity-target.c. All numbers are little-endian.
#include "verity_tree.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "declared_image_size.h"
#include "errors.h"
#include "file_ranges.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t longestSalt = 256;
constexpr std::size_t longestAlgorithm = 32;
constexpr std::uint64_t smallestBlock = 512;
constexpr std::uint64_t largestBlock = std::uint64_t{512} << 10U;
constexpr std::uint64_t largestImage = std::uint64_t{1} << 62U;
constexpr std::size_t largestDigest = 64;
constexpr const char* treeName = "the hash tree";

struct DigestFree {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
struct AlgorithmFree {
    void operator()(EVP_MD* algorithm) const noexcept { EVP_MD_free(algorithm); }
};
using DigestHandle = std::unique_ptr<EVP_MD_CTX, DigestFree>;
using AlgorithmHandle = std::unique_ptr<EVP_MD, AlgorithmFree>;

using Bytes = std::span<const unsigned char>;

std::uint64_t numberIn(Bytes bytes) {
    std::uint64_t number = 0;
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
        number = number << 8U | *byte;
    }
    return number;
}

bool isAlgorithmName(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

bool isBlockSize(std::uint64_t size) {
    return size >= smallestBlock && size <= largestBlock && std::has_single_bit(size);
}

AlgorithmHandle findAlgorithm(const std::string& name) {
    return AlgorithmHandle(EVP_MD_fetch(nullptr, name.c_str(), nullptr));
}

// Bytes of a hash; those of sha256 for an algorithm that only the kernel knows.
std::size_t digestSize(const std::string& algorithm) {
    constexpr int usual = 32;
    const auto found = findAlgorithm(algorithm);
    return static_cast<std::size_t>(std::max(found ? EVP_MD_get_size(found.get()) : usual, 1));
}

// Hash blocks of all levels. Sizes are bounded, so nothing overflows.
std::uint64_t blocksOfLevels(const VerityTree& tree) {
    constexpr std::size_t fewest = 2; // a smaller hash block was refused
    const auto fanout = std::max(std::bit_floor(tree.hashBlockSize / digestSize(tree.algorithm)), fewest);
    std::uint64_t blocks = 0;
    for (auto below = tree.dataBlocks; below > 1;) {
        below = (below + fanout - 1) / fanout;
        blocks += below;
    }
    return blocks;
}

[[noreturn]] void wrongTree(const std::string& reason) {
    throw Error(ErrorCode::Checksum, reason);
}

void readFully(int fd, std::span<unsigned char> into, std::uint64_t offset, const char* whose) {
    const auto count = readAt(fd, std::as_writable_bytes(into), offset, fmt::format("reading {}", whose));
    if (count < into.size()) {
        wrongTree(fmt::format("{} ends at byte {}, before it is complete", whose, offset + count));
    }
}

void requireWhole(const VerityTree& tree, std::uint64_t size) {
    if (tree.end > size) {
        wrongTree(fmt::format("the hash tree is cut: it ends at byte {} and should end at byte {}", size,
                              tree.end));
    }
}

std::uint64_t sizeOf(int fd) {
    return static_cast<std::uint64_t>(checkErrno(::lseek(fd, 0, SEEK_END), "looking at the size"));
}

std::optional<std::uint64_t> declaredSize(int image) {
    std::vector<std::byte> head(declaredSizeProbe);
    head.resize(readAt(image, head, 0, "reading the image"));
    return declaredImageSize(head);
}

} // namespace

VerityTree parseVerityTree(Bytes superblock, std::uint64_t offset) {
    constexpr std::string_view signature("verity\0\0", 8);
    if (superblock.size() < veritySuperblockSize ||
        std::memcmp(superblock.data(), signature.data(), signature.size()) != 0) {
        wrongTree(fmt::format("no hash tree begins at byte {}: 'veritysetup format' makes one", offset));
    }
    if (numberIn(superblock.subspan(8, 4)) != 1 || numberIn(superblock.subspan(12, 4)) > 1) {
        wrongTree("the format of the hash tree is newer than this program");
    }
    VerityTree tree;
    tree.hashType = static_cast<unsigned>(numberIn(superblock.subspan(12, 4)));
    const auto* const name = reinterpret_cast<const char*>(superblock.data() + 32);
    tree.algorithm = std::string(name, ::strnlen(name, longestAlgorithm));
    const auto dataBlockSize = numberIn(superblock.subspan(64, 4));
    const auto hashBlockSize = numberIn(superblock.subspan(68, 4));
    tree.dataBlocks = numberIn(superblock.subspan(72, 8));
    const auto saltSize = numberIn(superblock.subspan(80, 2));
    if (!isAlgorithmName(tree.algorithm) || !isBlockSize(dataBlockSize) || !isBlockSize(hashBlockSize) ||
        saltSize > longestSalt || tree.dataBlocks == 0 || tree.dataBlocks > largestImage / dataBlockSize ||
        offset > largestImage || hashBlockSize < 2 * digestSize(tree.algorithm)) {
        wrongTree("the superblock of the hash tree is damaged");
    }
    tree.dataBlockSize = static_cast<std::uint32_t>(dataBlockSize);
    tree.hashBlockSize = static_cast<std::uint32_t>(hashBlockSize);
    const auto salt = superblock.subspan(88, saltSize);
    tree.salt.assign(salt.begin(), salt.end());
    tree.start = (offset + veritySuperblockSize + hashBlockSize - 1) / hashBlockSize * hashBlockSize;
    tree.end = tree.start + blocksOfLevels(tree) * hashBlockSize;
    return tree;
}

void requireFit(const VerityTree& tree, const VeritySizes& sizes) {
    if (tree.dataSize() > sizes.image) {
        wrongTree(fmt::format("the hash tree is for a larger image ({}, this one has {}): it belongs to "
                              "another image, or the image is cut",
                              formatSize(tree.dataSize()), formatSize(sizes.image)));
    }
    if (sizes.fileSystem && tree.dataSize() < *sizes.fileSystem) {
        wrongTree(
            fmt::format("the hash tree covers only {} of the image's {}: it belongs to another image, or was "
                        "made with too small a --data-blocks=, or of an image whose size is no multiple "
                        "of {} bytes (mksquashfs -nopad)",
                        formatSize(tree.dataSize()), formatSize(*sizes.fileSystem), tree.dataBlockSize));
    }
    requireWhole(tree, sizes.tree);
}

void requireRootHash(const VerityTree& tree, Bytes block, const std::string& rootHash) {
    const auto algorithm = findAlgorithm(tree.algorithm);
    if (!algorithm) {
        return;
    }
    // OpenSSL 3.4 and later do not finish a hash of variable length unless its length is set, and the kernel
    // states none.
    if ((EVP_MD_get_flags(algorithm.get()) & EVP_MD_FLAG_XOF) != 0) {
        wrongTree(fmt::format("the hash tree uses {}, which has no fixed hash length", tree.algorithm));
    }
    const DigestHandle context(EVP_MD_CTX_new());
    std::array<unsigned char, largestDigest> digest{};
    unsigned length = 0;
    const auto add = [&](Bytes bytes) {
        return bytes.empty() || EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1;
    };
    const bool saltFirst = tree.hashType == 1;
    if (!context || EVP_DigestInit_ex(context.get(), algorithm.get(), nullptr) != 1 ||
        !add(saltFirst ? Bytes(tree.salt) : block) || !add(saltFirst ? block : Bytes(tree.salt)) ||
        EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) {
        throw Error(ErrorCode::Internal, "computing the root hash failed");
    }
    const auto found = hexOf(Bytes(digest).first(length));
    if (found.size() != rootHash.size()) {
        wrongTree(fmt::format("the root hash has {} digits, but a {} hash has {}", rootHash.size(),
                              tree.algorithm, found.size()));
    }
    if (found != rootHash) {
        wrongTree(fmt::format("the root hash is {}, and {} is expected: the hash tree belongs to another "
                              "image, or the root hash is wrong",
                              found, rootHash));
    }
}

namespace {

VerityTree readSuperblock(int file, std::uint64_t offset, const char* whose) {
    const auto size = sizeOf(file);
    if (offset > size || size - offset < veritySuperblockSize) {
        wrongTree(fmt::format("no hash tree begins at byte {}: {} ends at byte {}", offset, whose, size));
    }
    std::array<unsigned char, veritySuperblockSize> superblock{};
    readFully(file, superblock, offset, treeName);
    return parseVerityTree(superblock, offset);
}

} // namespace

void judgeVerityTree(int treeFile, const std::string& rootHash) {
    const auto tree = readSuperblock(treeFile, 0, "the file");
    requireWhole(tree, sizeOf(treeFile));
    if (tree.dataBlocks > 1) {
        std::vector<unsigned char> block(tree.hashBlockSize);
        readFully(treeFile, block, tree.start, treeName);
        requireRootHash(tree, block, rootHash);
    }
}

VerityTree readVerityTree(int image, int treeFile, std::uint64_t offset, const std::string& rootHash) {
    const bool isAppended = image == treeFile;
    auto tree = readSuperblock(treeFile, offset, isAppended ? "the image" : "the file");
    requireFit(tree, {.image = isAppended ? offset : sizeOf(image),
                      .tree = sizeOf(treeFile),
                      .fileSystem = declaredSize(image)});
    const bool hasLevels = tree.dataBlocks > 1;
    std::vector<unsigned char> block(hasLevels ? tree.hashBlockSize : tree.dataBlockSize);
    readFully(hasLevels ? treeFile : image, block, hasLevels ? tree.start : 0,
              hasLevels ? treeName : "the image");
    requireRootHash(tree, block, rootHash);
    return tree;
}

} // namespace bootferry
