// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the first bytes of a download before anything is written, so that a login page instead of an image
// does not overwrite a disk. This compares magic numbers only; whether the image holds a live system is known
// when it is mounted, and as far as the first MiB shows it from live_layout.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bootferry {

// How many bytes whyNotLive() needs, unless the image is smaller: the last magic is btrfs's, at 64 KiB.
inline constexpr std::size_t liveProbeSize = std::size_t{68} * 1024;

// "ISO 9660", "squashfs" …; empty if it is not a format that whyNotLive() accepts.
[[nodiscard]] std::string_view liveFormat(std::span<const std::byte> head);

// The label of the volume or file system, as stored, without the padding; empty if it has none. head: the
// first liveProbeSize bytes, like the next one's.
[[nodiscard]] std::string volumeLabel(std::span<const std::byte> head);

// "MBR", "GPT", or empty without a partition table. A hybrid ISO has one.
[[nodiscard]] std::string_view partitionTable(std::span<const std::byte> head);

// nullopt if this may be the head of a live image: ISO 9660, squashfs, erofs, ext, xfs, btrfs. Otherwise the
// reason, as the end of a sentence: "it begins with '<!DOCTYPE html>', an HTML page: check the URL".
// `compression` is the codec whose magic the head begins with, empty if none: an image that was compressed
// twice, since the caller has decoded one layer already.
[[nodiscard]] std::optional<std::string> whyNotLive(std::span<const std::byte> head,
                                                    std::string_view compression = {});

} // namespace bootferry
