// SPDX-License-Identifier: LGPL-2.1-or-later
// The file system is created first, through a loop device over the free space, and flushed; only then is the
// partition entered into the table. So a partition in the table is complete even after a power cut, and one
// that looks empty or damaged is never recreated. Before the free space is wiped, it is searched for a file
// system with changes.
#include "persistent_overlay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"
#include "file_ranges.h"
#include "handles.h"
#include "live_image.h"
#include "log.h"
#include "loop_device.h"
#include "quantities.h"
#include "termination.h"
#include "zero_range.h"

namespace bootferry {
namespace {

// Enough for the smallest xfs (xfsprogs 5.19 and later) with some free space; the others need less.
constexpr std::uint64_t smallestXfs = std::uint64_t{320} << 20U;
constexpr std::uint64_t smallestOther = std::uint64_t{128} << 20U;
constexpr std::uint64_t endWiped = std::uint64_t{1} << 20U;
constexpr std::uint64_t markRoom = std::uint64_t{1} << 20U;

std::uint64_t smallestFor(const std::string& filesystem) {
    return filesystem == "xfs" ? smallestXfs : smallestOther;
}

// Returns the exit status; 127 if there is no such program.
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
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            throwErrno(errno, "waiting for " + words.front());
        }
        (void)::kill(pid, SIGTERM); // a terminating signal ends the child as well
    }
    throwIfTerminated();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool isSupported(const std::string& filesystem) {
    return filesystem == "ext4" || filesystem == "xfs" || filesystem == "btrfs";
}

void make(const std::string& node, const std::string& filesystem) {
    const auto force = filesystem == "ext4" ? "-F" : "-f";
    const int status = run({"mkfs." + filesystem, "-q", force, "-L", overlayLabel, node});
    if (status == 127) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("the initrd has no mkfs.{}: rebuild it with that program installed, or "
                                "choose another rd.live.overlay.cowfs=",
                                filesystem));
    }
    if (status != 0) {
        throw Error(ErrorCode::Io,
                    fmt::format("mkfs.{} on '{}' ended with status {}", filesystem, node, status));
    }
}

// e2fsck(8): 1 and 2 mean that errors were corrected. xfs and btrfs recover when they are mounted.
void check(const std::string& node, const std::string& filesystem) {
    if (filesystem != "ext4") {
        return;
    }
    const int status = run({"e2fsck", "-p", node});
    if (status == 127) {
        logInfo(fmt::format("the initrd has no e2fsck: using '{}' unchecked", node));
    } else if (status > 2) {
        throw Error(ErrorCode::Io, fmt::format("'{}' is damaged (e2fsck -p ended with status {}); repair it "
                                               "with e2fsck, or recreate it with rd.kiwi.live.reset",
                                               node, status));
    }
}

// A loop device over the free space, for the object's lifetime.
class Window {
public:
    Window(const MediumDisk& disk, const FreeSpace& space, std::uint64_t size)
        : device_(attachLoopDevice(disk.fd(), disk.node(),
                                   {.offset = space.begin(), .size = size, .blockSize = space.blockSize()})),
          size_(size) {}
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    ~Window() {
        try {
            detachLoopDevice(device_);
        } catch (const Error& error) {
            logWarning(fmt::format("{}, ignoring", error.what()));
        }
    }
    [[nodiscard]] const std::string& device() const { return device_.path; }
    [[nodiscard]] const UniqueFd& fd() const { return device_.fd; }

    void flush() const { checkErrno(::fsync(fd().get()), fmt::format("writing to '{}'", device())); }

    // Old signatures lie at both ends; mkfs leaves some of them.
    void wipeEnds() const {
        const auto what = fmt::format("wiping '{}'", device());
        const auto wiped = std::min(size_, endWiped);
        zeroRange(fd(), 0, wiped, what);
        zeroRange(fd(), size_ - wiped, wiped, what);
        flush();
    }

private:
    OpenLoopDevice device_;
    std::uint64_t size_;
};

// An xfs that mkfs has not finished is marked (sb_inprogress, byte 126 of the superblock); ext4 and btrfs get
// their signature last.
bool isFinished(const UniqueFd& fd, const Contents& contents) {
    char inProgress = 0;
    return contents.type != "xfs" || (::pread(fd.get(), &inProgress, 1, 126) == 1 && inProgress == 0);
}

bool isOverlay(const UniqueFd& fd, const Contents& contents) {
    return contents.kind == Contents::Kind::FileSystem && contents.label == overlayLabel &&
           isSupported(contents.type) && isFinished(fd, contents);
}

// A file system that was never mounted holds no changes. Only ext4 records this (s_mtime, byte 44 of its
// superblock).
bool mayHoldChanges(const UniqueFd& fd, const Contents& contents) {
    constexpr off_t mountTime = 1024 + 44;
    std::uint32_t when = 1;
    return contents.type != "ext4" ||
           ::pread(fd.get(), &when, sizeof(when), mountTime) != static_cast<ssize_t>(sizeof(when)) ||
           when != 0;
}

enum class Use { Write, Show };

std::optional<WritePartition> find(MediumDisk& disk, std::uint64_t imageEnd, Use use) {
    for (const auto& partition : disk.announcedPartitions()) {
        if (partition.begin < imageEnd) {
            continue;
        }
        auto fd = disk.openPartition(partition);
        const auto contents = probeContents(fd.get(), partition.node);
        if (isOverlay(fd, contents)) {
            if (use == Use::Write) {
                disk.healTable();
                check(partition.node, contents.type);
            }
            return WritePartition{.node = partition.node, .filesystem = contents.type, .held = std::move(fd)};
        }
        logInfo(fmt::format("'{}' behind the image is not the partition for changes: {}", partition.node,
                            whyNotMountable(contents)));
    }
    return std::nullopt;
}

// Marks a file system as unfinished while mkfs runs, in a MiB reserved behind it: mkfs writes in any order,
// and an unfinished file system is created again, not taken for one with changes.
class UnfinishedMark {
public:
    UnfinishedMark(const MediumDisk& disk, std::uint64_t position) : disk_(disk), position_(position) {}

    [[nodiscard]] bool isThere() const {
        std::array<char, text.size()> bytes{};
        const auto count = readAt(disk_.fd().get(), std::as_writable_bytes(std::span(bytes)), position_,
                                  fmt::format("reading '{}'", disk_.node()));
        return std::string_view(bytes.data(), count) == text;
    }
    void set() const { write(text); }
    void clear() const { write({}); }

private:
    static constexpr std::string_view text = "bootferry: the file system before this is not finished\n";

    void write(std::string_view what) const {
        std::array<char, 4096> block{};
        what.copy(block.data(), block.size());
        writeAt(disk_.fd().get(), std::as_bytes(std::span(block)), position_,
                fmt::format("writing to '{}'", disk_.node()));
        disk_.flush();
    }

    const MediumDisk& disk_;
    std::uint64_t position_;
};

// A file system with changes in the free space: a rewritten table, or a power cut on a disk that ignores
// flushes, may have lost only the table entry.
std::optional<std::string> overlayIn(const MediumDisk& disk, const FreeSpace& space) {
    const Window window(disk, space, space.size());
    const auto contents = probeContents(window.fd().get(), window.device());
    if (!isOverlay(window.fd(), contents) || !mayHoldChanges(window.fd(), contents)) {
        return std::nullopt;
    }
    check(window.device(), contents.type);
    window.flush();
    return contents.type;
}

void makeIn(const MediumDisk& disk, const FreeSpace& space, std::uint64_t size,
            const std::string& filesystem) {
    const Window window(disk, space, size);
    window.wipeEnds();
    make(window.device(), filesystem);
    window.flush();
}

WritePartition makePartition(MediumDisk& disk, FreeSpace space, const std::string& filesystem) {
    const auto enter = [&](std::uint64_t size, const std::string& kind, bool made) {
        const auto partition = space.enter(disk, size);
        return WritePartition{
            .node = partition.node, .filesystem = kind, .made = made, .held = disk.openPartition(partition)};
    };
    const auto size = space.size() - markRoom;
    const UnfinishedMark mark(disk, space.begin() + size);
    if (!mark.isThere()) {
        if (const auto kind = overlayIn(disk, space)) {
            logInfo(fmt::format("the partition table of '{}' has lost '{}': adding it again", disk.node(),
                                overlayLabel));
            return enter(space.size(), *kind, false);
        }
    }
    mark.set();
    makeIn(disk, space, size, filesystem);
    mark.clear();
    return enter(size, filesystem, true);
}

void requireImageAtStart(const MediumDisk& disk, std::uint64_t imageEnd) {
    if (imageEnd == 0) {
        throw Error(
            ErrorCode::Unsupported,
            fmt::format("the image does not begin at the start of '{}': that disk may hold other data",
                        disk.node()));
    }
}

} // namespace

std::optional<WritePartition> findWritePartition(MediumDisk& disk, std::uint64_t imageEnd) {
    requireImageAtStart(disk, imageEnd);
    return find(disk, imageEnd, Use::Show);
}

WritePartition prepareWritePartition(MediumDisk& disk, std::uint64_t imageEnd,
                                     const std::string& filesystem) {
    if (!isWritableDisk(disk.node())) {
        throw Error(ErrorCode::Unsupported, fmt::format("'{}' is not a writable disk", disk.node()));
    }
    requireImageAtStart(disk, imageEnd);
    if (auto found = find(disk, imageEnd, Use::Write)) {
        return std::move(*found);
    }
    const auto smallest = smallestFor(filesystem);
    disk.claimForWriting();
    auto space = FreeSpace::behind(disk.tableFd(), disk.node(), imageEnd, smallest + markRoom);
    if (!space) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' has no room for a {} partition of {} or more behind the image",
                                disk.node(), filesystem, formatSize(smallest)));
    }
    return makePartition(disk, std::move(*space), filesystem);
}

} // namespace bootferry
