// SPDX-License-Identifier: LGPL-2.1-or-later
// If several signatures claim the same bytes, all of them are named. libblkid reports that it failed, but not
// where; the place is then searched for at the edges of the range it was probing.
#include "disk_description.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include <blkid/blkid.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "errors.h"
#include "signature_probe.h"

namespace bootferry {
namespace {

constexpr std::size_t mostNamed = 4; // partitions, and signatures in one place
constexpr std::size_t longestLabel = 64;

constexpr std::array<std::pair<std::string_view, std::string_view>, 21> plainNames{{
    {"BitLocker", "BitLocker volume"},
    {"LVM1_member", "LVM physical volume"},
    {"LVM2_member", "LVM physical volume"},
    {"adaptec_raid_member", "Adaptec RAID member"},
    {"apfs", "APFS"},
    {"bcache", "bcache device"},
    {"crypto_LUKS", "LUKS encrypted volume"},
    {"ddf_raid_member", "DDF RAID member"},
    {"dos", "MBR"},
    {"drbd", "DRBD device"},
    {"exfat", "exFAT"},
    {"gpt", "GPT"},
    {"hfsplus", "HFS+"},
    {"iso9660", "ISO 9660"},
    {"isw_raid_member", "Intel RAID member"},
    {"linux_raid_member", "mdraid member"},
    {"mac", "Apple partition map"},
    {"ntfs", "NTFS"},
    {"swap", "swap space"},
    {"vfat", "FAT"},
    {"zfs_member", "ZFS pool member"},
}};

std::string plainName(std::string_view type) {
    const auto* const found = std::find_if(plainNames.begin(), plainNames.end(),
                                           [type](const auto& entry) { return entry.first == type; });
    return std::string(found != plainNames.end() ? found->second : type);
}

SignatureProbe makeProbe(int fd, std::uint64_t offset, std::uint64_t size) {
    return makeSignatureProbe(fd, offset, size, "identifying what the disk holds");
}

std::string value(const SignatureProbe& probe, const char* key) {
    auto shown = probedValue(probe, key).substr(0, longestLabel);
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return shown;
}

// "ext4 'rootfs'", from the probe's result.
std::string foundBy(const SignatureProbe& probe) {
    const auto label = value(probe, "LABEL");
    const bool damaged = blkid_probe_has_value(probe.get(), "SBBADCSUM") == 1;
    return (damaged ? "damaged " : "") + plainName(value(probe, "TYPE")) +
           (label.empty() ? "" : fmt::format(" '{}'", label));
}

class Describer {
public:
    Describer(int fd, const BlockGeometry& geometry, std::uint64_t readableEnd)
        : fd_(fd), geometry_(geometry), readableEnd_(readableEnd) {}

    DiskDescription describe() {
        const auto whole = superblock(0, geometry_.size);
        const auto table = partitionTable();
        description_.text = whole + (whole.empty() || table.empty() ? "" : "; ") + table;
        return std::move(description_);
    }

private:
    // Whether a blkid_do_...() on this range found something.
    bool found(int result, std::uint64_t offset, std::uint64_t size) {
        if (result < 0 && result != ambivalentSignatures) {
            noteFailure(result, offset, size);
        }
        return result == 0;
    }

    void noteFailure(int result, std::uint64_t offset, std::uint64_t size) {
        if (description_.errnoValue == 0) {
            description_.errnoValue = result == -1 ? EIO : -result;
        }
        if (offset == 0 && size == geometry_.size) {
            return; // the whole disk has been surveyed already
        }
        const auto survey = surveyDisk(fd_, geometry_, offset, size);
        description_.unreadable.insert(description_.unreadable.end(), survey.unreadable.begin(),
                                       survey.unreadable.end());
    }

    [[nodiscard]] SignatureProbe superblockProbe(std::uint64_t offset, std::uint64_t size,
                                                 int moreFlags) const {
        auto probe = makeProbe(fd_, offset, size);
        blkid_probe_enable_superblocks(probe.get(), 1);
        blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | moreFlags);
        return probe;
    }

    std::string allSignatures(std::uint64_t offset, std::uint64_t size) {
        const auto probe = superblockProbe(offset, size, BLKID_SUBLKS_BADCSUM);
        std::vector<std::string> names;
        while (names.size() < mostNamed && found(blkid_do_probe(probe.get()), offset, size)) {
            names.push_back(foundBy(probe));
        }
        return fmt::format("{}", fmt::join(names, " and "));
    }

    // Empty if there is none. A damaged signature is searched for only if no intact one is found: one flipped
    // bit does not make the data worthless.
    std::string superblock(std::uint64_t offset, std::uint64_t size) {
        for (const int flags : {0, BLKID_SUBLKS_BADCSUM}) {
            const auto probe = superblockProbe(offset, size, flags);
            const int result = blkid_do_safeprobe(probe.get());
            if (result == ambivalentSignatures) {
                return allSignatures(offset, size);
            }
            if (found(result, offset, size)) {
                return foundBy(probe);
            }
            if (result < 0) {
                return beforeTheError(offset, size);
            }
        }
        return {};
    }

    // libblkid reads signatures at the end first: an unreadable end would hide the readable beginning.
    std::string beforeTheError(std::uint64_t offset, std::uint64_t size) {
        const bool within = offset < readableEnd_ && readableEnd_ < offset + size;
        return within ? superblock(offset, readableEnd_ - offset) : std::string();
    }

    // "FAT 'EFI' on partition 1, ext4 'rootfs' on partition 2 and 5 partitions more"; empty if nothing is
    // recognised.
    std::string partitionContents(blkid_partlist list, int count) {
        std::vector<std::string> names;
        int looked = 0;
        for (; looked < count && names.size() < mostNamed; ++looked) {
            blkid_partition partition = blkid_partlist_get_partition(list, looked);
            constexpr std::uint64_t sector = 512; // libblkid's unit, whatever the disk's
            const auto start = static_cast<std::uint64_t>(blkid_partition_get_start(partition));
            const auto count512 = static_cast<std::uint64_t>(blkid_partition_get_size(partition));
            const auto end = geometry_.size / sector;
            if (count512 == 0 || start > end || count512 > end - start) {
                continue; // a table may contain anything
            }
            if (const auto holds = superblock(start * sector, count512 * sector); !holds.empty()) {
                names.push_back(
                    fmt::format("{} on partition {}", holds, blkid_partition_get_partno(partition)));
            }
        }
        const int more = count - looked;
        return fmt::format("{}{}", fmt::join(names, ", "),
                           more > 0 ? fmt::format(" and {} more partition{}", more, more == 1 ? "" : "s")
                                    : "");
    }

    // Empty if there is none.
    std::string partitionTable() {
        const auto probe = makeProbe(fd_, 0, 0);
        blkid_probe_enable_superblocks(probe.get(), 0);
        blkid_probe_enable_partitions(probe.get(), 1);
        blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_FORCE_GPT);
        if (!found(blkid_do_safeprobe(probe.get()), 0, geometry_.size)) {
            return {};
        }
        const auto kind = plainName(value(probe, "PTTYPE"));
        blkid_partlist list = blkid_probe_get_partitions(probe.get());
        const int count = list != nullptr ? std::max(0, blkid_partlist_numof_partitions(list)) : 0;
        if (count == 0) {
            return kind + " without partitions";
        }
        const auto text = fmt::format("{} with {} partition{}", kind, count, count == 1 ? "" : "s");
        const auto contents = partitionContents(list, count);
        return contents.empty() ? text : text + "; " + contents;
    }

    int fd_;
    const BlockGeometry& geometry_;
    std::uint64_t readableEnd_;
    DiskDescription description_;
};

} // namespace

DiskDescription describeDisk(int fd, const BlockGeometry& geometry, std::uint64_t readableEnd) {
    return Describer(fd, geometry, readableEnd).describe();
}

} // namespace bootferry
