// SPDX-License-Identifier: LGPL-2.1-or-later
// A reused disk keeps old signatures that the image did not overwrite: those of RAID, LVM and ZFS lie at its
// end, and a full libblkid probe then stops at the RAID or reports an ambivalent result. So a second probe,
// limited to the file systems of live images, runs before such a disk is refused.
#include "live_image.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <blkid/blkid.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"
#include "file_ranges.h"
#include "signature_probe.h"

namespace bootferry {
namespace {

constexpr std::size_t mostNames = 10;

SignatureProbe makeProbe(int fd, const std::string& name) {
    return makeSignatureProbe(fd, 0, 0, "looking at '" + name + "'");
}

int safeProbe(const SignatureProbe& probe, const std::string& name) {
    errno = 0;
    const int result = blkid_do_safeprobe(probe.get());
    if (result < 0 && result != ambivalentSignatures) { // -1, or the negative errno of a failed read
        throw Error(ErrorCode::Io, result == -1 ? errno : -result,
                    "looking for a file system on '" + printable(name) + "'");
    }
    return result;
}

// Limits the probe to the file systems of live images and their root images.
void keepLiveTypes(const SignatureProbe& probe) {
    std::array<std::string, 11> names{"iso9660", "udf", "squashfs", "erofs", "ext4", "ext3",
                                      "ext2",    "xfs", "btrfs",    "vfat",  "exfat"};
    std::vector<char*> pointers;
    for (auto& name : names) {
        pointers.push_back(name.data());
    }
    pointers.push_back(nullptr);
    blkid_probe_filter_superblocks_type(probe.get(), BLKID_FLTR_ONLYIN, pointers.data());
}

Contents probeSuperblocks(int fd, const std::string& name, bool liveTypesOnly) {
    const auto probe = makeProbe(fd, name);
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
                                                       BLKID_SUBLKS_UUID | BLKID_SUBLKS_USAGE);
    if (liveTypesOnly) {
        keepLiveTypes(probe);
    }
    const int result = safeProbe(probe, name);
    Contents contents;
    if (result == ambivalentSignatures) {
        contents.kind = Contents::Kind::Ambiguous;
    } else if (result == 0) {
        contents.kind = probedValue(probe, "USAGE") == "filesystem" ? Contents::Kind::FileSystem
                                                                    : Contents::Kind::Foreign;
        contents.type = probedValue(probe, "TYPE");
        contents.label = probedValue(probe, "LABEL");
        contents.uuid = probedValue(probe, "UUID");
    }
    return contents;
}

void probePartitions(int fd, const std::string& name, Contents& contents) {
    const auto probe = makeProbe(fd, name);
    blkid_probe_enable_superblocks(probe.get(), 0);
    blkid_probe_enable_partitions(probe.get(), 1);
    if (safeProbe(probe, name) != 0) {
        return;
    }
    contents.partitionTable = probedValue(probe, "PTTYPE");
    // Not const: the list belongs to the probe and may run it again.
    if (blkid_partlist list = blkid_probe_get_partitions(probe.get())) {
        contents.partitions = std::max(0, blkid_partlist_numof_partitions(list));
    }
}

std::string readBeginning(int fd, const std::string& name) {
    std::array<char, 512> bytes{};
    return {bytes.data(), readAt(fd, std::as_writable_bytes(std::span(bytes)), 0, "reading '" + name + "'")};
}

bool isPrintable(char c) {
    return c >= ' ' && c <= '~';
}

// "(it begins with '<html>')", or less if the bytes are not text.
std::string beginningText(const std::string& bytes) {
    if (bytes.empty()) {
        return "it is empty";
    }
    if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; })) {
        return "it begins with zeros";
    }
    const auto* const begin = bytes.data();
    const auto length =
        static_cast<std::size_t>(std::find_if_not(bytes.begin(), bytes.end(), isPrintable) - bytes.begin());
    return length < 4 ? "no known signature was found"
                      : fmt::format("it begins with '{}'", printable({begin, length}));
}

} // namespace

Contents probeContents(int fd, const std::string& name) {
    try {
        auto contents = probeSuperblocks(fd, name, false);
        if (contents.kind == Contents::Kind::Nothing) {
            probePartitions(fd, name, contents);
            contents.beginning = readBeginning(fd, name);
        }
        if (contents.kind == Contents::Kind::FileSystem || contents.kind == Contents::Kind::Nothing) {
            return contents;
        }
        auto live = probeSuperblocks(fd, name, true);
        return live.kind == Contents::Kind::FileSystem ? live : contents;
    } catch (const Error&) {
        // A read error where a RAID signature would lie does not affect the image.
        auto live = probeSuperblocks(fd, name, true);
        if (live.kind == Contents::Kind::FileSystem) {
            return live;
        }
        throw;
    }
}

bool isContainer(const Contents& contents) {
    return contents.kind == Contents::Kind::FileSystem &&
           (contents.type == "squashfs" || contents.type == "erofs");
}

std::string kernelFilesystem(const std::string& type) {
    if (type == "ntfs") {
        return "ntfs3";
    }
    return type == "ext2" || type == "ext3" ? "ext4" : type;
}

std::string readOnlyOptions(const std::string& type) {
    const auto driver = kernelFilesystem(type);
    if (driver == "ext4") {
        return "ro,noload";
    }
    if (driver == "xfs") {
        return "ro,norecovery,nouuid";
    }
    if (driver == "btrfs") {
        return "ro,rescue=nologreplay";
    }
    return "ro";
}

std::string describe(const Contents& contents) {
    const auto kind = contents.type == "iso9660" ? std::string("ISO 9660") : contents.type + " file system";
    return contents.label.empty() ? "the " + kind
                                  : fmt::format("the {} '{}'", kind, printable(contents.label));
}

std::string whyNotMountable(const Contents& contents) {
    switch (contents.kind) {
    case Contents::Kind::FileSystem:
        return "it holds " + describe(contents);
    case Contents::Kind::Foreign:
        return fmt::format("it holds {}, which is not a file system", contents.type);
    case Contents::Kind::Ambiguous:
        return "it has the signatures of several file systems (see wipefs(8))";
    case Contents::Kind::Nothing:
        break;
    }
    if (!contents.partitionTable.empty()) {
        return fmt::format("it holds no file system but a partition table ({}, partitions: {}): name the "
                           "partition that holds the live image",
                           contents.partitionTable, contents.partitions);
    }
    return fmt::format("it holds no file system ({})", beginningText(contents.beginning));
}

std::string printable(std::string_view text, std::size_t longest) {
    std::string shown(text.substr(0, longest));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return !isPrintable(c); }, '?');
    return text.size() > longest ? shown + "..." : shown;
}

std::string listed(std::vector<std::string> names) {
    if (names.empty()) {
        return "nothing";
    }
    std::sort(names.begin(), names.end());
    const auto shown = std::min(names.size(), mostNames);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        text += fmt::format("{}'{}'", i == 0 ? "" : ", ", printable(names[i]));
    }
    return names.size() > shown ? text + fmt::format(" and {} more", names.size() - shown) : text;
}

} // namespace bootferry
