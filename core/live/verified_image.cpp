// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verified_image.h"

#include <array>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log.h"

namespace bootferry {
namespace {

UniqueFd openTree(const std::string& path) {
    UniqueFd tree(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!tree && errno == ENOENT) {
        throw Error(ErrorCode::NotFound, fmt::format("the hash tree '{}' does not exist", path));
    }
    checkErrno(tree.get(), "opening the hash tree '" + path + "'");
    struct stat status {};
    checkErrno(::fstat(tree.get(), &status), "looking at the hash tree '" + path + "'");
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::Invalid, fmt::format("the hash tree '{}' is not a file", path));
    }
    return tree;
}

// As the kernel names a device: "7:0".
std::string deviceNumber(int fd) {
    struct stat status {};
    checkErrno(::fstat(fd, &status), "looking at the image");
    return fmt::format("{}:{}", major(status.st_rdev), minor(status.st_rdev));
}

const char* onDamage(const std::vector<std::string>& options) {
    for (const auto& option : options) {
        if (option == "restart-on-corruption") {
            return "restarts the machine";
        }
        if (option == "panic-on-corruption") {
            return "stops the kernel";
        }
    }
    return "is an I/O error";
}

void readFirstBlock(int fd) {
    std::array<char, 512> block{};
    checkErrno(TEMP_FAILURE_RETRY(::pread(fd, block.data(), block.size(), 0)), "reading its first block");
}

} // namespace

VerifiedImage::VerifiedImage(OpenLoopDevice image, const std::string& name, const VerityRequest& request,
                             const std::string& treeFile)
    : name_(name), image_(std::move(image)) {
    try {
        open(request, treeFile);
    } catch (Error& error) {
        error.addContext("verifying " + name_);
        throw;
    }
    // First: the machine may restart when a block is read.
    logInfo(fmt::format("each block of {} is verified when it is read; a damaged one {}, which the kernel "
                        "reports as 'device-mapper: verity: {}'",
                        name_, onDamage(request.options), deviceNumber(image_.fd.get())));
    reading([this] { readFirstBlock(fd()); });
}

void VerifiedImage::open(const VerityRequest& request, const std::string& treeFile) {
    const auto offset = request.offset.value_or(0);
    const auto file = request.offset ? UniqueFd() : openTree(treeFile);
    const auto tree =
        readVerityTree(image_.fd.get(), file ? file.get() : image_.fd.get(), offset, request.rootHash);
    if (file) {
        tree_ = attachForMount(file, treeFile);
    }
    device_ =
        activateVerity({.data = image_.path, .tree = tree_ ? tree_->path : image_.path, .offset = offset},
                       tree, request.rootHash, request.options);
}

Error VerifiedImage::damage(const Error& error) const {
    return {ErrorCode::Checksum,
            fmt::format("{} is damaged or cannot be read; nothing that does not match the root hash is "
                        "used: {}",
                        name_, error.what())};
}

} // namespace bootferry
