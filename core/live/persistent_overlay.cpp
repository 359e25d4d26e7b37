// SPDX-License-Identifier: LGPL-2.1-or-later
// The file system is made first, through a loop device over the free space, and the partition is entered into
// the table last: one that is in the table is whole, whenever the power failed. So nothing that looks empty
// or damaged is ever made anew.
#include "persistent_overlay.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk_partitions.h"
#include "errors.h"
#include "handles.h"
#include "live_image.h"
#include "log.h"
#include "loop_device.h"
#include "quantities.h"
#include "zero_range.h"

namespace bootferry {
namespace {

// Enough for the smallest xfs (xfsprogs 5.19 and later) with some room in it; the others take less.
constexpr std::uint64_t smallestXfs = std::uint64_t{320} << 20U;
constexpr std::uint64_t smallestOther = std::uint64_t{128} << 20U;
constexpr std::uint64_t endWiped = std::uint64_t{1} << 20U;

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
        logInfo(fmt::format("there is no e2fsck in the initrd: '{}' is used unchecked", partition.node));
    } else if (status > 2) {
        throw Error(ErrorCode::Io,
                    fmt::format("'{}' is damaged (e2fsck -p ended with status {}); repair it with "
                                "e2fsck, or have it made anew with rd.kiwi.live.reset",
                                partition.node, status));
    }
}

// The free space as a device of its own, as long as the object lives.
class Window {
public:
    Window(const std::string& disk, const FreeSpace& space)
        : device_(attachLoopDevice(
              openForWriting(disk), disk,
              {.offset = space.begin(), .size = space.size(), .blockSize = space.blockSize()})) {}
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    ~Window() {
        try {
            detachLoopDevice(device_);
        } catch (const Error& error) {
            logWarning(fmt::format("{}, ignoring", error.what()));
        }
    }
    [[nodiscard]] const std::string& device() const { return device_; }

private:
    static UniqueFd openForWriting(const std::string& node) {
        return UniqueFd(
            checkErrno(::open(node.c_str(), O_RDWR | O_CLOEXEC), fmt::format("opening '{}'", node)));
    }

    std::string device_;
};

// Both ends are where signatures of an earlier use lie; mkfs leaves some of them.
void wipeEnds(const std::string& device, std::uint64_t size) {
    const auto what = fmt::format("wiping '{}'", device);
    const UniqueFd fd(checkErrno(::open(device.c_str(), O_RDWR | O_CLOEXEC), what));
    const auto wiped = std::min(size, endWiped);
    zeroRange(fd, 0, wiped, what);
    zeroRange(fd, size - wiped, wiped, what);
    checkErrno(::fsync(fd.get()), what);
}

std::optional<WritePartition> find(const std::string& disk, std::uint64_t imageEnd) {
    for (const auto& partition : announcedPartitions(disk)) {
        if (partition.begin < imageEnd) {
            continue;
        }
        const auto contents = probeContents(openForReading(partition.node).get(), partition.node);
        if (contents.kind == Contents::Kind::FileSystem && contents.label == overlayLabel &&
            isOneOfOurs(contents.type)) {
            WritePartition found{.node = partition.node, .filesystem = contents.type};
            check(found);
            return found;
        }
        logInfo(fmt::format("'{}' behind the image is not the one for changes: {}", partition.node,
                            whyNotMountable(contents)));
    }
    return std::nullopt;
}

WritePartition makePartition(const std::string& disk, FreeSpace space, const std::string& filesystem) {
    {
        const Window window(disk, space);
        wipeEnds(window.device(), space.size());
        make(window.device(), filesystem);
    }
    return {.node = space.enter(), .filesystem = filesystem, .made = true};
}

} // namespace

WritePartition prepareWritePartition(const std::string& medium, std::uint64_t imageEnd,
                                     const std::string& filesystem) {
    const auto disk = diskOf(medium);
    if (!isWritableDisk(disk)) {
        throw Error(ErrorCode::Unsupported, fmt::format("'{}' is no disk that can be written to", disk));
    }
    if (imageEnd == 0) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("the image does not begin where '{}' does: what else lies on that disk is "
                                "somebody else's",
                                disk));
    }
    if (auto found = find(disk, imageEnd)) {
        return *found;
    }
    const auto smallest = smallestFor(filesystem);
    auto space = FreeSpace::behind(disk, imageEnd, smallest);
    if (!space) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' has no room for a {} partition of {} or more behind the image", disk,
                                filesystem, formatSize(smallest)));
    }
    return makePartition(disk, std::move(*space), filesystem);
}

} // namespace bootferry
