// SPDX-License-Identifier: LGPL-2.1-or-later
// Offsets are counted from 0, those of the standards from 1. Volume descriptors: ECMA-119 8; folder records:
// 9.1; fields behind a record's name: IEEE P1281 (SUSP) and P1282 (Rock Ridge).
#include "iso_volume.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "head_bytes.h"
#include "text.h"

namespace bootferry {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const std::byte>;

constexpr std::size_t sector = 2048;
constexpr std::size_t firstDescriptor = 16 * sector;
constexpr std::size_t mostDescriptors = 84; // as many as the kernel looks at
constexpr std::size_t rootRecord = 156;     // in a volume descriptor
constexpr std::size_t recordSize = 33;      // without the name
constexpr std::size_t longestRecord = 255;
constexpr std::size_t deepest = 16;         // folders of a path: each may be as large as the head
constexpr std::size_t mostContinued = 1000; // fields elsewhere, of one folder: each may be a block
constexpr std::size_t fieldHead = 4;        // signature, length, version
constexpr std::uint32_t linkMode = 0xA000;
constexpr std::uint32_t folderMode = 0x4000;
constexpr std::uint32_t kindOfMode = 0xF000;

unsigned byteAt(Bytes bytes, std::size_t offset) {
    return littleEndian<std::uint8_t>(bytes, offset);
}

std::string isoName(std::string_view bytes) {
    auto name = lowered(bytes);
    for (const auto ending : {";1"sv, "."sv}) {
        if (name.size() > ending.size() && name.ends_with(ending)) {
            name.resize(name.size() - ending.size());
        }
    }
    return name;
}

// UCS-2, big endian; what is not ASCII is in no name that is looked for.
std::string jolietName(Bytes bytes) {
    std::string name;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const auto low = byteAt(bytes, i + 1);
        name += byteAt(bytes, i) == 0 && low < 0x80 ? static_cast<char>(low) : '?';
    }
    return name.ends_with(";1") ? name.substr(0, name.size() - 2) : name;
}

struct RockRidge {
    std::string name;
    bool nameGoesOn = false;
    bool hidden = false;
    std::optional<IsoVolume::Kind> kind;
    std::optional<std::uint64_t> more; // where further fields are, in bytes
    std::uint64_t moreSize = 0;
};

void readFields(RockRidge& found, Bytes fields, std::uint64_t blockSize) {
    constexpr unsigned nameGoesOn = 1;
    constexpr unsigned dotNames = 2 | 4; // "." and ".."
    while (fields.size() >= fieldHead) {
        const auto length = std::min<std::size_t>(byteAt(fields, 2), fields.size());
        if (length < fieldHead) {
            break; // padding
        }
        const auto field = fields.first(length);
        const auto signature = textAt(field, 0, 2);
        if (signature == "NM") {
            const auto flags = byteAt(field, 4);
            found.hidden = found.hidden || (flags & dotNames) != 0;
            found.nameGoesOn = (flags & nameGoesOn) != 0;
            found.name += textAt(field, 5, length);
        } else if (signature == "PX" && !found.kind) {
            const auto kind = littleEndian<std::uint32_t>(field, fieldHead) & kindOfMode;
            found.kind = kind == folderMode ? IsoVolume::Kind::Folder
                         : kind == linkMode ? IsoVolume::Kind::Link
                                            : IsoVolume::Kind::File;
        } else if (signature == "SL" || signature == "CL") {
            found.kind = IsoVolume::Kind::Link;
        } else if (signature == "RE") {
            found.hidden = true;
        } else if (signature == "CE") { // each number in both orders
            found.more = littleEndian<std::uint32_t>(field, fieldHead) * blockSize +
                         littleEndian<std::uint32_t>(field, fieldHead + 8);
            found.moreSize = littleEndian<std::uint32_t>(field, fieldHead + 16);
        }
        fields = fields.subspan(length);
    }
}

// Further fields are followed as far as the kernel follows them: within one block. A name whose rest is not
// in the head makes the folder incomplete.
RockRidge rockRidge(Bytes fields, Bytes head, std::uint64_t blockSize, IsoVolume::Reading& reading) {
    RockRidge found;
    readFields(found, fields, blockSize);
    while (found.more && (found.name.empty() || found.nameGoesOn)) {
        const auto place = *std::exchange(found.more, std::nullopt);
        if (reading.continued == mostContinued || found.moreSize > blockSize || place > head.size() ||
            head.size() - place < found.moreSize) {
            found.nameGoesOn = true;
            break;
        }
        ++reading.continued;
        readFields(found, head.subspan(place, found.moreSize), blockSize);
    }
    reading.complete = reading.complete && !found.nameGoesOn;
    found.hidden = found.hidden || found.nameGoesOn; // a part of a name is another name
    return found;
}

} // namespace

std::optional<IsoVolume> IsoVolume::in(Bytes head, std::optional<std::uint64_t> size) {
    IsoVolume volume(head, size);
    std::size_t joliet = 0;
    bool ended = false;     // by a terminator
    bool isSequence = true; // of descriptors: those of UDF follow the terminator
    for (std::size_t i = 0; i < mostDescriptors && firstDescriptor + (i + 1) * sector <= head.size(); ++i) {
        const auto place = firstDescriptor + i * sector;
        const auto identifier = textAt(head, place + 1, 5);
        isSequence = isSequence && (identifier == "CD001" || identifier == "BEA01");
        volume.hasUdf_ = volume.hasUdf_ || (isSequence && identifier == "BEA01" &&
                                            textAt(head, place + sector + 1, 4) == "NSR0");
        if (ended || identifier != "CD001") {
            continue;
        }
        const auto type = byteAt(head, place);
        ended = type == 255;
        if (type == 1 && volume.primary_ == 0) {
            volume.primary_ = place;
        } else if (type == 2 && joliet == 0) {
            const auto escape = textAt(head, place + 88, 3);
            joliet = escape == "%/@" || escape == "%/C" || escape == "%/E" ? place : 0;
        }
    }
    if (volume.primary_ == 0) {
        return std::nullopt;
    }
    volume.tree_ = volume.primary_;
    volume.blockSize_ = littleEndian<std::uint16_t>(head, volume.primary_ + 128);
    volume.lookForRockRidge();
    if (joliet != 0 && !volume.skipped_ && volume.root().place + longestRecord <= head.size()) {
        volume.useJoliet(joliet);
    }
    return volume;
}

void IsoVolume::useJoliet(std::size_t descriptor) {
    tree_ = descriptor;
    isJoliet_ = true;
}

// The top folder's entry for itself begins with the field SP.
void IsoVolume::lookForRockRidge() {
    const auto place = root().place;
    const auto length = place < head_.size() ? byteAt(head_, place) : 0;
    constexpr std::size_t fields = recordSize + 1; // its name is one byte
    if (length <= fields || head_.size() - place < length) {
        return;
    }
    const auto record = head_.subspan(place, length);
    if (hasMagic(record, fields, "SP") && hasMagic(record, fields + fieldHead, "\xbe\xef")) {
        skipped_ = byteAt(record, fields + 6);
    }
}

IsoVolume::Entry IsoVolume::root() const {
    const auto record = head_.subspan(tree_ + rootRecord);
    return {.name = "",
            .kind = Kind::Folder,
            .place = (std::uint64_t{littleEndian<std::uint32_t>(record, 2)} + byteAt(record, 1)) * blockSize_,
            .size = littleEndian<std::uint32_t>(record, 10)};
}

std::string IsoVolume::label() const {
    const auto padded = textAt(head_, primary_ + 40, 32);
    const auto last = padded.find_last_not_of(" \0"sv);
    return std::string(padded.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

// nullopt for records that the kernel does not list, such as "." and "..".
std::optional<IsoVolume::Entry> IsoVolume::entryOf(Bytes record, Reading& reading) const {
    constexpr unsigned folderFlag = 2;
    constexpr unsigned associatedFlag = 4;
    const auto nameSize = byteAt(record, 32);
    const auto nameBytes = record.subspan(recordSize, nameSize);
    const auto flags = byteAt(record, 25);
    const bool isSelfOrParent = nameSize == 1 && byteAt(nameBytes, 0) <= 1;
    if (isSelfOrParent || (flags & associatedFlag) != 0) {
        return std::nullopt;
    }
    Entry entry{.name = isJoliet_ ? jolietName(nameBytes) : isoName(textAt(nameBytes, 0, nameSize)),
                .kind = (flags & folderFlag) != 0 ? Kind::Folder : Kind::File,
                .place =
                    (std::uint64_t{littleEndian<std::uint32_t>(record, 2)} + byteAt(record, 1)) * blockSize_,
                .size = littleEndian<std::uint32_t>(record, 10)};
    if (skipped_) {
        const auto begin = recordSize + nameSize + (nameSize % 2 == 0 ? 1 : 0) + *skipped_;
        auto more = rockRidge(record.subspan(std::min<std::size_t>(begin, record.size())), head_, blockSize_,
                              reading);
        if (more.hidden) {
            return std::nullopt;
        }
        entry.name = more.name.empty() ? entry.name : std::move(more.name);
        entry.kind = more.kind.value_or(entry.kind);
    }
    return entry;
}

IsoVolume::Folder IsoVolume::list(const Entry& folder, const std::string& name) const {
    const auto called = name.empty() ? std::string("its top folder") : "its folder '" + name + "'";
    Folder listed;
    if (blockSize_ != 512 && blockSize_ != 1024 && blockSize_ != sector) {
        listed.unknown = "its block size is invalid";
        return listed;
    }
    const auto begin = std::min<std::uint64_t>(folder.place, head_.size());
    const auto there = std::min<std::uint64_t>(folder.size, head_.size() - begin);
    if (there < folder.size) {
        listed.isLost = isBehindEnd(folder);
        listed.unknown = called + (listed.isLost ? " lies behind its end" : " lies behind it");
    }
    Reading reading;
    auto left = head_.subspan(begin, there);
    while (!left.empty()) {
        const std::size_t length = byteAt(left, 0);
        if (length == 0) { // the rest of the block is empty
            const auto used = (there - left.size()) % blockSize_;
            left = left.subspan(std::min<std::size_t>(blockSize_ - used, left.size()));
            continue;
        }
        if (length > left.size() || length < recordSize + byteAt(left, 32)) {
            if (listed.unknown.empty()) {
                listed.unknown = called + " is damaged";
            }
            return listed;
        }
        if (auto entry = entryOf(left.first(length), reading)) {
            listed.entries.push_back(std::move(*entry));
        }
        left = left.subspan(length);
    }
    if (!reading.complete && listed.unknown.empty()) {
        listed.unknown = called + " has incomplete names";
    }
    return listed;
}

bool IsoVolume::isBehindEnd(const Entry& entry) const {
    return size_ && (entry.place > *size_ || *size_ - entry.place < entry.size);
}

bool IsoVolume::isSame(const std::string& name, const std::string& wanted) const {
    return isJoliet_ ? lowered(name) == lowered(wanted) : name == wanted; // as isofs compares them
}

IsoVolume::Lookup IsoVolume::find(const std::string& path) const {
    Lookup step{.found = root(), .unknown = {}};
    std::string here;
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin < path.size();) {
        const auto end = std::min(path.find('/', begin), path.size());
        const auto name = path.substr(begin, end - begin);
        begin = end + 1;
        if (name.empty()) {
            continue;
        }
        if (step.found->kind == Kind::Link) {
            return {.found = std::nullopt, .unknown = "its '" + here + "' is a link"};
        }
        if (step.found->kind == Kind::File) {
            return {};
        }
        if (++depth > deepest) {
            return {.found = std::nullopt, .unknown = "the path has too many folders"};
        }
        auto folder = list(*step.found, here);
        const auto entry = std::find_if(folder.entries.begin(), folder.entries.end(),
                                        [&](const Entry& candidate) { return isSame(candidate.name, name); });
        if (entry == folder.entries.end()) {
            return {.found = std::nullopt, .unknown = std::move(folder.unknown), .isLost = folder.isLost};
        }
        here += (here.empty() ? "" : "/") + name;
        step.found = std::move(*entry);
    }
    return step;
}

} // namespace bootferry
