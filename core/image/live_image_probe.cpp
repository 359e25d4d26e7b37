// SPDX-License-Identifier: LGPL-2.1-or-later
// Offsets and magics are from ECMA-119 §8 (volume descriptors from sector 16), the kernel's magic.h and the
// filesystems' format documents. Data that is still compressed here was compressed twice, or with a format
// that bootferry cannot decode.
#include "live_image_probe.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <spdlog/fmt/fmt.h>

#include "head_bytes.h"
#include "iso_volume.h"

namespace bootferry {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::size_t offset;
    std::string_view bytes;
    std::string_view name;
};

constexpr std::array liveMagics{
    Magic{32769, "CD001"sv, "ISO 9660"},
    Magic{0, "hsqs"sv, "squashfs"},
    Magic{1024, "\xe2\xe1\xf5\xe0"sv, "erofs"},
    Magic{1080, "\x53\xef"sv, "ext4"},
    Magic{0, "XFSB"sv, "xfs"},
    Magic{65600, "_BHRfS_M"sv, "btrfs"},
};

// Formats that bootferry cannot decode.
constexpr std::array compressedMagics{
    Magic{0, "BZh"sv, "bzip2"},
    Magic{0, "\x04\x22\x4d\x18"sv, "lz4"},
    Magic{0, "LZIP"sv, "lzip"},
};

struct LabelField {
    std::string_view format;
    std::size_t offset;
    std::size_t size;
};

constexpr std::array labelFields{
    LabelField{"erofs", 1024 + 64, 16},
    LabelField{"ext4", 1024 + 120, 16},
    LabelField{"xfs", 108, 12},
    LabelField{"btrfs", 65536 + 299, 256},
};

template <typename Magics>
const Magic* findMagic(const Magics& magics, std::string_view text) {
    const auto* found = std::find_if(magics.begin(), magics.end(), [text](const Magic& magic) {
        return text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes);
    });
    return found != magics.end() ? found : nullptr;
}

// The first printable characters, by which a person may recognise the data.
std::string beginning(std::string_view text) {
    std::string shown;
    for (const char byte : text.substr(0, 200)) {
        const auto c = static_cast<unsigned char>(byte); // required by isspace(3)
        if (std::isspace(c) != 0 && (shown.empty() || shown.back() == ' ')) {
            continue;
        }
        if (shown.size() >= 40 || (std::isprint(c) == 0 && std::isspace(c) == 0)) {
            break;
        }
        shown += std::isspace(c) != 0 ? ' ' : byte;
    }
    while (!shown.empty() && shown.back() == ' ') {
        shown.pop_back();
    }
    return shown;
}

} // namespace

std::string_view liveFormat(std::span<const std::byte> head) {
    const auto* found = findMagic(liveMagics, {reinterpret_cast<const char*>(head.data()), head.size()});
    return found != nullptr ? found->name : std::string_view();
}

std::string volumeLabel(std::span<const std::byte> head) {
    const auto format = liveFormat(head);
    if (const auto volume = format == "ISO 9660" ? IsoVolume::in(head) : std::nullopt) {
        return volume->label();
    }
    const auto* field = std::find_if(labelFields.begin(), labelFields.end(),
                                     [format](const LabelField& row) { return row.format == format; });
    if (field == labelFields.end()) {
        return {};
    }
    const auto text = textAt(head, field->offset, field->size);
    return std::string(text.substr(0, text.find('\0')));
}

// As libfdisk(3) decides: a GPT counts if its protective entry is in the MBR.
std::string_view partitionTable(std::span<const std::byte> head) {
    constexpr std::size_t firstEntry = 446;
    constexpr std::size_t entrySize = 16;
    constexpr unsigned protective = 0xee;
    if (!hasMagic(head, 510, "\x55\xaa")) {
        return {};
    }
    std::string_view found;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto entry = head.subspan(firstEntry + i * entrySize, entrySize);
        const auto active = littleEndian<std::uint8_t>(entry, 0);
        const auto type = littleEndian<std::uint8_t>(entry, 4);
        if (active != 0 && active != 0x80) {
            return {}; // the code of a boot sector
        }
        if (type == protective && (hasMagic(head, 512, "EFI PART") || hasMagic(head, 4096, "EFI PART"))) {
            return "GPT";
        }
        if (type != 0 && littleEndian<std::uint32_t>(entry, 12) != 0) {
            found = "MBR";
        }
    }
    return found;
}

std::optional<std::string> whyNotLive(std::span<const std::byte> head, std::string_view compression) {
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    if (text.empty()) {
        return "it is empty";
    }
    if (findMagic(liveMagics, text) != nullptr) {
        return std::nullopt;
    }
    if (const auto* undecoded = findMagic(compressedMagics, text)) {
        compression = undecoded->name;
    }
    if (!compression.empty()) {
        return fmt::format(
            "it is compressed with {}, which bootferry cannot decode: serve it uncompressed, or "
            "compressed once with gzip, xz or zstd",
            compression);
    }
    if (const auto table = partitionTable(head); !table.empty()) {
        return fmt::format("it is a disk image with a partition table ({}): serve the ISO, squashfs or erofs "
                           "itself",
                           table);
    }
    const auto shown = beginning(text);
    if (shown.size() < 4) {
        return "it is not an ISO 9660, squashfs, erofs, ext4, xfs or btrfs image";
    }
    const bool html = shown.front() == '<';
    return fmt::format("it begins with '{}'{}", shown, html ? ", an HTML page: check the URL" : "");
}

} // namespace bootferry
