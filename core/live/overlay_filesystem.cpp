// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlay_filesystem.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"
#include "image_tree.h"
#include "kernel_modules.h"
#include "log.h"
#include "mounts.h"
#include "program.h"
#include "read_only_device.h"

namespace bootferry {
namespace {

// Enough for the smallest xfs (xfsprogs 5.19 and later) with some free space; the others need less.
constexpr std::uint64_t smallestXfs = std::uint64_t{320} << 20U;
constexpr std::uint64_t smallestOther = std::uint64_t{128} << 20U;
constexpr std::uint64_t luksHeader = std::uint64_t{16} << 20U;

bool isSupported(const std::string& filesystem) {
    return filesystem == "ext4" || filesystem == "xfs" || filesystem == "btrfs";
}

// An xfs that mkfs has not finished is marked (sb_inprogress, byte 126 of the superblock); ext4 and btrfs get
// their signature last.
bool isFinished(const UniqueFd& fd, const Contents& contents) {
    char inProgress = 0;
    return contents.type != "xfs" || (::pread(fd.get(), &inProgress, 1, 126) == 1 && inProgress == 0);
}

// A discard would free the space of a file, and so would tables that are written only later.
std::vector<std::string> optionsFor(const std::string& filesystem, Backing backing) {
    std::vector<std::string> options{filesystem == "ext4" ? "-F" : "-f"};
    if (backing == Backing::File && filesystem == "ext4") {
        options.insert(options.end(), {"-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"});
    } else if (backing == Backing::File) {
        options.emplace_back("-K");
    }
    return options;
}

// As KIWI and discarded changes leave it.
bool areChanges(const std::vector<std::string>& names) {
    static constexpr std::array<std::string_view, 3> withoutChanges{"lost+found", "work",
                                                                    ".bootferry-discarded"};
    return std::find(names.begin(), names.end(), "rw") != names.end() ||
           std::all_of(names.begin(), names.end(), [](const std::string& name) {
               return std::find(withoutChanges.begin(), withoutChanges.end(), name) != withoutChanges.end();
           });
}

} // namespace

std::uint64_t smallestFor(const NewPartition& wanted) {
    return (wanted.filesystem == "xfs" ? smallestXfs : smallestOther) + (wanted.encrypted ? luksHeader : 0);
}

void makeFilesystem(const std::string& node, const std::string& filesystem, Backing backing) {
    std::vector<std::string> command{"mkfs." + filesystem, "-q"};
    const auto options = optionsFor(filesystem, backing);
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"-L", overlayLabel, node});
    const int status = runProgram(command);
    if (status == noSuchProgram) {
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
void checkFilesystem(const std::string& node, const std::string& filesystem, const OverlayPlace& place) {
    if (filesystem != "ext4") {
        return;
    }
    const int status = runProgram({"e2fsck", "-p", node});
    if (status == noSuchProgram) {
        logInfo(fmt::format("the initrd has no e2fsck: using '{}' unchecked", place.name));
    } else if (status > 2) {
        throw Error(ErrorCode::Io, fmt::format("'{}' is damaged (e2fsck -p ended with status {}); repair it "
                                               "with e2fsck, or {}",
                                               place.name, status, place.remake));
    }
}

bool isWholeFilesystem(const UniqueFd& fd, const Contents& contents) {
    return contents.kind == Contents::Kind::FileSystem && isSupported(contents.type) &&
           isFinished(fd, contents);
}

bool isOverlay(const UniqueFd& fd, const Contents& contents) {
    return contents.label == overlayLabel && isWholeFilesystem(fd, contents);
}

bool isEncryptedOverlay(const Contents& contents) {
    return contents.type == "crypto_LUKS" && contents.label == encryptedLabel;
}

// A virtual machine's disk, or the file of another live system, is neither repaired nor written to.
void requireChanges(const std::string& node, const Contents& contents, const OverlayPlace& place) {
    if (contents.label == overlayLabel) {
        return;
    }
    requireFilesystem(contents.type);
    std::vector<std::string> names;
    {
        const ReadOnlyDevice readOnly(node);
        MountStack mounts;
        mounts.mount(
            {node, place.lookedAt, contents.type, readOnlyOptions(contents.type) + ",nosuid,nodev,noexec"});
        names = ImageTree(place.lookedAt).names("").value_or(names);
        mounts.unmountLast();
    }
    (void)::rmdir(place.lookedAt.c_str());
    if (!areChanges(names)) {
        throw Error(ErrorCode::Io,
                    fmt::format("'{}' does not hold the file system for changes: its top folder "
                                "contains {} and no 'rw'; another program may use it",
                                place.name, listed(names)));
    }
}

WritePartition insideOf(const OverlayPlace& place, OpenCryptDevice device, Use use) {
    const auto contents = probeContents(device.fd.get(), device.path);
    if (!isWholeFilesystem(device.fd, contents) || (place.isLabelled && !isOverlay(device.fd, contents))) {
        throw Error(ErrorCode::Io,
                    fmt::format("the encrypted '{}' does not hold the file system for changes: {}; {}",
                                place.name, whyNotMountable(contents), place.remake));
    }
    if (use == Use::Write) {
        requireChanges(device.path, contents, place);
        checkFilesystem(device.path, contents.type, place);
    }
    return {.node = device.path,
            .partition = place.name,
            .filesystem = contents.type,
            .encrypted = true,
            .held = std::move(device.fd)};
}

WritePartition openEncrypted(const std::string& node, const OverlayPlace& place, Access access, Use use) {
    requireAbility(encrypting); // before anybody is asked
    PassphraseSource source(fmt::format("'{}', which keeps the changes", place.name), place.ifForgotten);
    for (;;) {
        if (auto device = openLuks(node, encryptedLabel, source.next(), access)) {
            return insideOf(place, std::move(*device), use);
        }
    }
}

Secret makeEncrypted(const std::string& node, const std::string& filesystem, const Secret& passphrase) {
    auto key = formatLuks(node, encryptedLabel, passphrase);
    const auto inside = openNewLuks(node, fmt::format("{}_new", encryptedLabel), key);
    makeFilesystem(inside.path, filesystem);
    checkErrno(::fsync(inside.fd.get()), fmt::format("writing to '{}'", inside.path));
    return key;
}

} // namespace bootferry
