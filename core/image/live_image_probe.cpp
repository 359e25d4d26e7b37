// SPDX-License-Identifier: LGPL-2.1-or-later
// Offsets and magics are from ECMA-119 §8 (volume descriptors from sector 16), the kernel's magic.h and the
// filesystems' format documents. Data that is still compressed here was compressed twice, or with a format
// that bootferry cannot decode.
#include "live_image_probe.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <spdlog/fmt/fmt.h>

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
    const auto shown = beginning(text);
    if (shown.size() < 4) {
        return "it is not an ISO 9660, squashfs, erofs, ext4, xfs or btrfs image";
    }
    const bool html = shown.front() == '<';
    return fmt::format("it begins with '{}'{}", shown, html ? ", an HTML page: check the URL" : "");
}

} // namespace bootferry
