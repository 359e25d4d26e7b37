// SPDX-License-Identifier: LGPL-2.1-or-later
// Verifies the checksum embedded in a live ISO. It has two formats, both KEY=VALUE; pairs in the application
// use field of the primary volume descriptor (ECMA-119 8.4.32): isomd5sum's (implantisomd5(1): "ISO MD5SUM",
// "SKIPSECTORS") and tagmedia's, which KIWI uses (checkmedia: "md5sum" … "sha512sum", "pad", "signature").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bootferry {

struct EmbeddedChecksum {
    enum class Style { Isomd5sum, Tagmedia };
    Style style = Style::Tagmedia;
    std::string algorithm;         // "md5", "sha256" …
    std::string digest;            // lower-case hex
    std::uint64_t skipSectors = 0; // 2 KiB sectors at the end that are not hashed
    std::uint64_t padSectors = 0;  // 2 KiB sectors at the end that are hashed as zeros
    std::uint64_t signature = 0;   // first 512 byte block of a signature; 0: none
};

// field: its 512 bytes. nullopt if it holds no checksum. Pure.
[[nodiscard]] std::optional<EmbeddedChecksum> parseEmbeddedChecksum(std::string_view field);

// Removes the entries of partitions behind the image from a boot sector (512 bytes): a partition for changes
// that was added later. False if there are none. Pure.
bool dropWritePartition(std::span<unsigned char> bootSector, std::uint64_t imageEnd);

// The checksum embedded in an image, and what it covers.
struct MediumChecksum {
    EmbeddedChecksum embedded;
    std::uint64_t imageSize = 0; // bytes
    std::uint64_t covered = 0;   // bytes from the beginning that are read and hashed

    [[nodiscard]] std::string text() const; // "md5:HEX", printable
};

// Reads it from the beginning of the device. Throws Error(NotLive) if the image has none, Error(Checksum) if
// it covers nothing, Error(Io).
[[nodiscard]] MediumChecksum mediumChecksum(int fd, const std::string& device);

// Reads what the checksum covers; calls progressed with the percentage. Throws Error(Checksum) if the
// checksums differ, Error(Io).
void checkMedium(int fd, const std::string& device, const MediumChecksum& medium,
                 const std::function<void(unsigned percent)>& progressed);

} // namespace bootferry
