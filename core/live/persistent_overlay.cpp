// SPDX-License-Identifier: LGPL-2.1-or-later
// The file system is created first, through a loop device over the free space, and flushed; only then is the
// partition entered into the table. So a partition in the table is complete even after a power cut, and one
// that looks empty or damaged is never recreated. Before the free space is wiped, it is searched for a file
// system with changes.
#include "persistent_overlay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"
#include "file_ranges.h"
#include "handles.h"
#include "live_image.h"
#include "log.h"
#include "loop_device.h"
#include "luks_device.h"
#include "passphrase.h"
#include "quantities.h"
#include "zero_range.h"

namespace bootferry {
namespace {

constexpr std::uint64_t endWiped = std::uint64_t{1} << 20U;
constexpr std::uint64_t markRoom = std::uint64_t{1} << 20U;

OverlayPlace placeOf(const std::string& node) {
    return {.name = node,
            .remake = "recreate it with rd.kiwi.live.reset",
            .ifForgotten =
                "the changes are lost: for a new partition deploy the image again, with root=live:URL and "
                "rd.kiwi.live.reset, or remove this one with wipefs --all and sfdisk --delete"};
}

// Neither way overwrites all that was in it.
[[noreturn]] void refuseInTheClear(const std::string& node) {
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("'{}' keeps changes in the clear, and rd.live.encrypt is given: it is not used. Remove "
                    "rd.live.encrypt to use it. For an encrypted one deploy the image again, with "
                    "root=live:URL and rd.kiwi.live.reset, or remove the partition with wipefs --all and "
                    "sfdisk --delete; what was in it can be read from the disk until it is overwritten or "
                    "discarded (blkdiscard)",
                    node));
}

// A journal can only be replayed on a writable device, also for a mount that is read-only.
WritePartition openEncryptedOn(const MediumDisk& disk, const std::string& node, Use use) {
    const auto access = isWritableDisk(disk.node()) ? Access::ReadWrite : Access::ReadOnly;
    return openEncrypted(node, placeOf(node), access, use);
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

// A file system that was never mounted holds no changes. Only ext4 records this (s_mtime, byte 44 of its
// superblock).
bool mayHoldChanges(const UniqueFd& fd, const Contents& contents) {
    constexpr off_t mountTime = 1024 + 44;
    std::uint32_t when = 1;
    return contents.type != "ext4" ||
           ::pread(fd.get(), &when, sizeof(when), mountTime) != static_cast<ssize_t>(sizeof(when)) ||
           when != 0;
}

std::optional<WritePartition> find(MediumDisk& disk, std::uint64_t imageEnd, Use use, bool encrypted) {
    for (const auto& partition : disk.announcedPartitions()) {
        if (partition.begin < imageEnd) {
            continue;
        }
        auto fd = disk.openPartition(partition);
        const auto contents = probeContents(fd.get(), partition.node);
        if (isEncryptedOverlay(contents)) {
            if (use == Use::Write) {
                disk.healTable();
            }
            return openEncryptedOn(disk, partition.node, use);
        }
        if (isOverlay(fd, contents)) {
            if (encrypted) {
                refuseInTheClear(partition.node);
            }
            if (use == Use::Write) {
                disk.healTable();
                checkFilesystem(partition.node, contents.type, placeOf(partition.node));
            }
            return WritePartition{.node = partition.node,
                                  .partition = partition.node,
                                  .filesystem = contents.type,
                                  .held = std::move(fd)};
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

// What the free space holds already: a rewritten table, or a power cut on a disk that ignores flushes, may
// have lost only the table entry.
struct LostPartition {
    std::string filesystem; // empty if encrypted
    bool encrypted = false;
};

std::optional<LostPartition> lostIn(const MediumDisk& disk, const FreeSpace& space) {
    const Window window(disk, space, space.size());
    const auto contents = probeContents(window.fd().get(), window.device());
    if (isEncryptedOverlay(contents)) {
        return LostPartition{.encrypted = true};
    }
    if (!isOverlay(window.fd(), contents) || !mayHoldChanges(window.fd(), contents)) {
        return std::nullopt;
    }
    return LostPartition{.filesystem = contents.type};
}

void checkIn(const MediumDisk& disk, const FreeSpace& space, const std::string& filesystem) {
    const Window window(disk, space, space.size());
    checkFilesystem(window.device(), filesystem, placeOf(window.device()));
    window.flush();
}

// Returns the key if a passphrase is given.
std::optional<Secret> makeIn(const MediumDisk& disk, const FreeSpace& space, std::uint64_t size,
                             const std::string& filesystem, const std::optional<Secret>& passphrase) {
    const Window window(disk, space, size);
    std::optional<Secret> key;
    window.wipeEnds();
    if (passphrase) {
        key.emplace(makeEncrypted(window.device(), filesystem, *passphrase));
    } else {
        makeFilesystem(window.device(), filesystem);
    }
    window.flush();
    return key;
}

WritePartition enter(MediumDisk& disk, FreeSpace& space, std::uint64_t size, const std::string& filesystem) {
    const auto partition = space.enter(disk, size);
    return {.node = partition.node,
            .partition = partition.node,
            .filesystem = filesystem,
            .held = disk.openPartition(partition)};
}

WritePartition restore(MediumDisk& disk, FreeSpace& space, const LostPartition& lost) {
    if (!lost.encrypted) {
        checkIn(disk, space, lost.filesystem);
    }
    logInfo(fmt::format("the partition table of '{}' has lost '{}': adding it again", disk.node(),
                        lost.encrypted ? encryptedLabel : overlayLabel));
    auto partition = enter(disk, space, space.size(), lost.filesystem);
    return lost.encrypted ? openEncryptedOn(disk, partition.node, Use::Write) : std::move(partition);
}

WritePartition makePartition(MediumDisk& disk, FreeSpace space, const NewPartition& wanted) {
    const auto size = space.size() - markRoom;
    const UnfinishedMark mark(disk, space.begin() + size);
    if (!mark.isThere()) {
        if (const auto lost = lostIn(disk, space)) {
            if (wanted.encrypted && !lost->encrypted) {
                refuseInTheClear(disk.node());
            }
            return restore(disk, space, *lost);
        }
    }
    std::optional<Secret> passphrase;
    if (wanted.encrypted) {
        requireAbility(encrypting);
        passphrase.emplace(PassphraseSource(fmt::format("the changes to be kept on '{}'", disk.node()),
                                            placeOf(disk.node()).ifForgotten)
                               .choose());
    }
    mark.set();
    const auto key = makeIn(disk, space, size, wanted.filesystem, passphrase);
    mark.clear();
    auto made = enter(disk, space, size, wanted.filesystem);
    if (key) {
        made = insideOf(placeOf(made.node), openNewLuks(made.node, encryptedLabel, *key), Use::Show);
    }
    made.made = true;
    return made;
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

std::optional<WritePartition> findWritePartition(MediumDisk& disk, std::uint64_t imageEnd, bool encrypted) {
    requireImageAtStart(disk, imageEnd);
    return find(disk, imageEnd, Use::Show, encrypted);
}

WritePartition prepareWritePartition(MediumDisk& disk, std::uint64_t imageEnd, const NewPartition& wanted) {
    if (!isWritableDisk(disk.node())) {
        throw Error(ErrorCode::Unsupported, fmt::format("'{}' is not a writable disk", disk.node()));
    }
    requireImageAtStart(disk, imageEnd);
    if (auto found = find(disk, imageEnd, Use::Write, wanted.encrypted)) {
        return std::move(*found);
    }
    const auto smallest = smallestFor(wanted);
    disk.claimForWriting();
    auto space = FreeSpace::behind(disk.tableFd(), disk.node(), imageEnd, smallest + markRoom);
    if (!space) {
        throw Error(ErrorCode::TooLarge,
                    fmt::format("'{}' has no room for {} {} partition of {} or more behind the image",
                                disk.node(), wanted.encrypted ? "an encrypted" : "a", wanted.filesystem,
                                formatSize(smallest)));
    }
    return makePartition(disk, std::move(*space), wanted);
}

} // namespace bootferry
