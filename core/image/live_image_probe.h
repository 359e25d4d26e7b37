// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at the first bytes of what arrives, before any target is touched: a login page instead of an image
// must not cost a disk. Only magics are compared here; whether the live root is really inside shows when it
// is mounted.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bootferry {

// So many bytes (or all there are) are wanted for a verdict: the last magic looked at is btrfs's, at 64 KiB.
inline constexpr std::size_t liveProbeSize = std::size_t{68} * 1024;

// nullopt if the head may be that of a live image: ISO 9660, squashfs, erofs, ext, xfs, btrfs. Otherwise what
// is wrong, as the end of a sentence: "it begins with '<!DOCTYPE html>', an HTML page: check the URL".
// `compression` names the codec whose magic begins the head, empty if there is none: the caller has decoded
// one layer already.
[[nodiscard]] std::optional<std::string> whyNotLive(std::span<const std::byte> head,
                                                    std::string_view compression = {});

} // namespace bootferry
