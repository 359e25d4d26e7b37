// SPDX-License-Identifier: LGPL-2.1-or-later
// A device is looked at once for each medium that it has: what cannot be mounted now cannot be mounted in a
// second either. Nothing is written, replayed or repaired, since the file system may be that of a hibernated
// system: so the device is read-only while it is mounted, and only file systems are mounted whose drivers
// respect that. Only where changes are to be kept beside the ISO file, its file system is mounted again for
// writing, and not remounted, which would leave its journal out; but not one of a hibernated system.
#include "iso_scan.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <vector>

#include <blkid/blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "block_device.h"
#include "declared_image_size.h"
#include "errors.h"
#include "file_ranges.h"
#include "image_tree.h"
#include "kernel_modules.h"
#include "live_image.h"
#include "log.h"
#include "termination.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr int mostRounds = 90; // seconds, as for a medium
constexpr timespec pause{.tv_sec = 1, .tv_nsec = 0};
constexpr std::string_view labels = "/dev/disk/by-label/";
constexpr std::string_view uuids = "/dev/disk/by-uuid/";
constexpr std::size_t longestReason = 300;
constexpr std::array<std::string_view, 9> filesystems{"ext4", "ext3",  "ext2", "xfs",    "btrfs",
                                                      "vfat", "exfat", "ntfs", "iso9660"};

// A '/' in a device's name is a '!' there.
std::vector<std::string> blockDevices() {
    std::vector<std::string> nodes;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/class/block", none)) {
        auto name = entry.path().filename().string();
        const bool isMade = name.starts_with("loop") || name.starts_with("ram") || name.starts_with("zram");
        const bool isFloppy = name.starts_with("fd"); // an empty one costs seconds
        if (!isMade && !isFloppy) {
            std::replace(name.begin(), name.end(), '!', '/');
            nodes.push_back("/dev/" + name);
        }
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
}

// As udev names its links.
std::string encoded(const std::string& label) {
    std::array<char, 1024> text{};
    return blkid_encode_string(label.c_str(), text.data(), text.size()) == 0 ? text.data() : label;
}

bool isSafeToMount(const std::string& type) {
    return std::find(filesystems.begin(), filesystems.end(), type) != filesystems.end();
}

// Of a download that was interrupted.
std::string whyCut(const ImageFile& file) {
    struct stat status {};
    checkErrno(::fstat(file.fd.get(), &status), "looking at the ISO file");
    std::vector<std::byte> head(declaredSizeProbe);
    head.resize(readAt(file.fd.get(), head, 0, "reading the ISO file"));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const auto declared = declaredImageSize(head);
    if (size == 0) {
        return "is empty";
    }
    return declared && *declared > size ? fmt::format("is cut: {} of {} bytes", size, *declared) : "";
}

class Scan {
public:
    Scan(MountStack& mounts, const IsoScan& wanted) : mounts_(mounts), wanted_(wanted) {}

    std::optional<FoundIso> lookAtNewDevices() {
        for (const auto& node : blockDevices()) {
            throwIfTerminated();
            if (!isNew(node)) {
                continue;
            }
            try {
                if (auto found = lookAt(node)) {
                    return found;
                }
            } catch (const Error& error) {
                if (error.code() == ErrorCode::Cancelled) {
                    throw;
                }
                notes_.push_back(fmt::format("{}: {}", node, printable(error.what(), longestReason)));
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string notes() const {
        return notes_.empty() ? "there is no file system" : fmt::format("{}", fmt::join(notes_, "; "));
    }

private:
    // Without a medium, a table of device-mapper or a node, it is looked at when it has one.
    [[nodiscard]] bool isNew(const std::string& node) {
        const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        std::uint64_t size = 0;
        if (!fd || ::ioctl(fd.get(), BLKGETSIZE64, &size) < 0 || size == 0) {
            return false;
        }
        const auto medium = mediumNumber(fd.get()).value_or(0);
        return seen_.insert(fmt::format("{} {} {}", node, size, medium)).second;
    }

    // A disk or medium that cannot be opened is one without a medium.
    [[nodiscard]] static std::optional<Contents> fileSystemOn(const std::string& node) {
        const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (!fd) {
            return std::nullopt;
        }
        auto contents = probeContents(fd.get(), node);
        const bool isTaken = contents.kind == Contents::Kind::FileSystem && isSafeToMount(contents.type);
        return isTaken ? std::optional(std::move(contents)) : std::nullopt;
    }

    static bool isHibernated(const std::string& node) {
        const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        try {
            return fd && probeContents(fd.get(), node).type == "swsuspend";
        } catch (const Error&) {
            return false; // nobody resumes from what cannot be read
        }
    }

    // A hibernated system still has its file systems mounted: what is written to one meanwhile destroys it.
    // The mark of Windows' is in a file of its own.
    [[nodiscard]] static std::string whyNotWritten(const Contents& contents) {
        if (contents.type == "ntfs") {
            return "its NTFS may be that of a hibernated Windows";
        }
        for (const auto& node : blockDevices()) {
            if (isHibernated(node)) {
                return fmt::format("'{}' holds a hibernated system, which may use it", node);
            }
        }
        return {};
    }

    std::optional<FoundIso> lookAt(const std::string& node) {
        const auto contents = fileSystemOn(node);
        if (!contents) {
            return std::nullopt;
        }
        requireFilesystem(kernelFilesystem(contents->type));
        if (wanted_.writable) {
            if (!isOn(node, *contents)) {
                return std::nullopt;
            }
            if (auto written = takeForWriting(node, *contents)) {
                return written;
            }
        }
        ReadOnlyDevice readOnly(node);
        return take(node, *contents, &readOnly);
    }

    std::optional<FoundIso> takeForWriting(const std::string& node, const Contents& contents) {
        if (const auto reason = whyNotWritten(contents); !reason.empty()) {
            logWarning(fmt::format("changes are not kept on '{}': {}", node, reason));
            return std::nullopt;
        }
        try {
            return take(node, contents, nullptr);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::Cancelled) {
                throw;
            }
            logWarning(
                fmt::format("'{}' cannot be written to: {}", node, printable(error.what(), longestReason)));
            return std::nullopt;
        }
    }

    [[nodiscard]] MountRequest requestFor(const std::string& node, const Contents& contents,
                                          bool writable) const {
        return {node, wanted_.folder, kernelFilesystem(contents.type),
                (writable ? "rw" : readOnlyOptions(contents.type)) + ",nosuid,nodev,noexec"};
    }

    bool isOn(const std::string& node, const Contents& contents) {
        const ReadOnlyDevice readOnly(node);
        mounts_.mount(requestFor(node, contents, false));
        bool found = false;
        try {
            found = find(node).has_value();
        } catch (const Error&) {
            mounts_.unmountLast();
            throw;
        }
        mounts_.unmountLast();
        return found;
    }

    // readOnly: nullptr for writing.
    std::optional<FoundIso> take(const std::string& node, const Contents& contents,
                                 ReadOnlyDevice* readOnly) {
        mounts_.mount(requestFor(node, contents, readOnly == nullptr));
        try {
            if (const auto file = find(node)) {
                return FoundIso{.filesystem = readOnly != nullptr ? std::move(*readOnly) : ReadOnlyDevice(),
                                .device = attachForMount(file->fd, file->path),
                                .text = fmt::format("'{}' on '{}' ({})", wanted_.file, node, contents.type)};
            }
        } catch (const Error&) {
            mounts_.unmountLast();
            throw;
        }
        mounts_.unmountLast();
        return std::nullopt;
    }

    std::optional<ImageFile> find(const std::string& node) {
        const ImageTree tree(wanted_.folder);
        auto file = tree.findFile(wanted_.file);
        if (!file) {
            notes_.push_back(fmt::format("{} has no such file", node));
            return std::nullopt;
        }
        if (const auto cut = whyCut(*file); !cut.empty()) {
            notes_.push_back(fmt::format("the file on {} {}", node, cut));
            return std::nullopt;
        }
        const auto contents = probeContents(file->fd.get(), wanted_.file);
        if (wanted_.medium.starts_with(uuids) &&
            lowered(encoded(contents.uuid)) != lowered(wanted_.medium.substr(uuids.size()))) {
            notes_.push_back(fmt::format("the file on {} has the UUID '{}', not that of root=live:", node,
                                         printable(contents.uuid)));
            return std::nullopt;
        }
        if (wanted_.medium.starts_with(labels)) {
            const auto& label = contents.label;
            if (encoded(label) != wanted_.medium.substr(labels.size())) {
                notes_.push_back(fmt::format("the file on {} is labelled '{}', not as root=live: says", node,
                                             printable(label)));
                return std::nullopt;
            }
        }
        return file;
    }

    MountStack& mounts_;
    const IsoScan& wanted_;
    std::set<std::string> seen_; // with size and number of the medium
    std::vector<std::string> notes_;
};

} // namespace

FoundIso scanForIso(MountStack& mounts, const IsoScan& wanted) {
    Scan scan(mounts, wanted);
    for (int round = 0; round < mostRounds; ++round) {
        if (auto found = scan.lookAtNewDevices()) {
            return std::move(*found);
        }
        if (round == 0) {
            logInfo(fmt::format("waiting for a file system with '{}'", wanted.file));
        }
        (void)::nanosleep(&pause, nullptr);
    }
    throw Error(ErrorCode::NotFound, fmt::format("no file system of this machine has the ISO file '{}' of "
                                                 "iso-scan/filename=: {}",
                                                 wanted.file, scan.notes()));
}

} // namespace bootferry
