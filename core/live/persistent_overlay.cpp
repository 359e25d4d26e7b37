// SPDX-License-Identifier: LGPL-2.1-or-later
// A partition without a file system that lies behind the image is one whose making was interrupted: it is
// finished, and what it held before the disk was deployed has been zeroed (disk_partitions.cpp). Smaller ones
// are the image's own: ISOs have empty partitions that fill gaps.
#include "persistent_overlay.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk_partitions.h"
#include "errors.h"
#include "files.h"
#include "handles.h"
#include "live_image.h"
#include "quantities.h"

namespace bootferry {
namespace {

// Enough for the smallest xfs (xfsprogs 5.19 and later) with some room in it; the others take less.
constexpr std::uint64_t smallestXfs = std::uint64_t{320} << 20U;
constexpr std::uint64_t smallestOther = std::uint64_t{128} << 20U;

std::uint64_t smallestFor(const std::string& filesystem) {
    return filesystem == "xfs" ? smallestXfs : smallestOther;
}

// The exit status; 127 where there is no such program.
int run(std::vector<std::string> words) {
    std::vector<char*> arguments;
    std::transform(words.begin(), words.end(), std::back_inserter(arguments),
                   [](std::string& word) { return word.data(); });
    arguments.push_back(nullptr);
    std::array<char*, 3> environment{};
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    std::string language = "LC_ALL=C";
    environment[0] = path.data();
    environment[1] = language.data();
    pid_t pid = -1;
    if (const int failure =
            ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environment.data());
        failure == ENOENT) {
        return 127;
    } else if (failure != 0) {
        throwErrno(failure, "running " + words.front());
    }
    int status = 0;
    checkErrno(TEMP_FAILURE_RETRY(::waitpid(pid, &status, 0)), "waiting for " + words.front());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

UniqueFd openForReading(const std::string& node) {
    return UniqueFd(
        checkErrno(::open(node.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("opening '{}'", node)));
}

bool isOneOfOurs(const std::string& filesystem) {
    return filesystem == "ext4" || filesystem == "xfs" || filesystem == "btrfs";
}

void make(const std::string& node, const std::string& filesystem) {
    const auto force = filesystem == "ext4" ? "-F" : "-f";
    const int status = run({"mkfs." + filesystem, "-q", force, "-L", overlayLabel, node});
    if (status == 127) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("there is no mkfs.{} in the initrd; build it with its package installed, or "
                                "choose another rd.live.overlay.cowfs=",
                                filesystem));
    }
    if (status != 0) {
        throw Error(ErrorCode::Io,
                    fmt::format("mkfs.{} on '{}' ended with status {}", filesystem, node, status));
    }
}

// e2fsck(8): 1 and 2 mean that errors were corrected. xfs and btrfs look after themselves when mounted.
void check(const WritePartition& partition) {
    if (partition.filesystem != "ext4") {
        return;
    }
    const int status = run({"e2fsck", "-p", partition.node});
    if (status == 127) {
        spdlog::info("there is no e2fsck in the initrd: '{}' is used unchecked", partition.node);
    } else if (status > 2) {
        throw Error(ErrorCode::Io,
                    fmt::format("'{}' is damaged (e2fsck -p ended with status {}); repair it with "
                                "e2fsck, or have it made anew with rd.kiwi.live.reset",
                                partition.node, status));
    }
}

// In bytes; sysfs counts in units of 512, whatever the disk's sectors are.
std::uint64_t sysfsBytes(const std::string& node, const char* attribute) {
    const auto name = node.substr(node.rfind('/') + 1);
    return std::strtoull(readSmallFile("/sys/class/block/" + name + "/" + attribute).value_or("0").c_str(),
                         nullptr, 10) *
           512;
}

bool beginsWithZeros(const std::string& node) {
    const auto fd = openForReading(node);
    std::vector<char> bytes(std::size_t{1} << 20U);
    const auto count = checkErrno(TEMP_FAILURE_RETRY(::pread(fd.get(), bytes.data(), bytes.size(), 0)),
                                  fmt::format("reading '{}'", node));
    return std::all_of(bytes.begin(), bytes.begin() + count, [](char c) { return c == 0; });
}

std::optional<WritePartition> find(const std::string& disk, std::uint64_t imageEnd,
                                   const std::string& filesystem) {
    for (const auto& node : partitionsOf(disk)) {
        if (sysfsBytes(node, "start") < imageEnd) {
            continue;
        }
        const auto contents = probeContents(openForReading(node).get(), node);
        if (contents.kind == Contents::Kind::FileSystem && contents.label == overlayLabel &&
            isOneOfOurs(contents.type)) {
            WritePartition found{.node = node, .filesystem = contents.type};
            check(found);
            return found;
        }
        if (contents.kind == Contents::Kind::Nothing && sysfsBytes(node, "size") >= smallestFor(filesystem) &&
            beginsWithZeros(node)) {
            make(node, filesystem);
            return WritePartition{.node = node, .filesystem = filesystem, .made = true};
        }
    }
    return std::nullopt;
}

} // namespace

WritePartition prepareWritePartition(const std::string& medium, std::uint64_t imageEnd,
                                     const std::string& filesystem) {
    const auto disk = diskOf(medium);
    if (!isWritableDisk(disk)) {
        throw Error(ErrorCode::Unsupported, fmt::format("'{}' is no disk that can be written to", disk));
    }
    announcePartitions(disk);
    if (auto found = find(disk, imageEnd, filesystem)) {
        return *found;
    }
    const auto smallest = smallestFor(filesystem);
    const auto partition = addPartition(disk, imageEnd, smallest);
    if (!partition) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' has no room for a {} partition of {} or more behind the image", disk,
                                filesystem, formatSize(smallest)));
    }
    make(partition->node, filesystem);
    return {.node = partition->node, .filesystem = filesystem, .made = true};
}

} // namespace bootferry
