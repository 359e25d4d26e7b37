// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum that is embedded in a live ISO, verified before use. Two formats, both in the application use
// field of the primary volume descriptor (ECMA-119 8.4.32), as KEY=VALUE; pairs: isomd5sum's
// (implantisomd5(1): "ISO MD5SUM", "SKIPSECTORS") and tagmedia's, which KIWI uses (checkmedia: "md5sum" …
// "sha512sum", "pad", "signature").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

struct EmbeddedChecksum {
    enum class Style { Isomd5sum, Tagmedia };
    Style style = Style::Tagmedia;
    std::string algorithm;         // "md5", "sha256" …
    std::string digest;            // lower-case hex
    std::uint64_t skipSectors = 0; // 2 KiB sectors at the end that are left out
    std::uint64_t padSectors = 0;  // … that are left out, zeros being taken in their place
    std::uint64_t signature = 0;   // first 512 byte block of a signature; 0: none
};

// Of the 512 bytes of the field; nothing where it holds no checksum. Pure.
[[nodiscard]] std::optional<EmbeddedChecksum> parseEmbeddedChecksum(std::string_view field);

// Reads the whole image off the device, which begins with it; told is called with the percentage. Throws
// Error(Checksum) where the image has another one, Error(NotLive) where it has none embedded, Error(Io).
void checkMedium(int fd, const std::string& device, const std::function<void(unsigned percent)>& told);

} // namespace bootferry
