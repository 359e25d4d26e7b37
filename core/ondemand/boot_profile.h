// SPDX-License-Identifier: LGPL-2.1-or-later
// What a boot reads of an image, in the order of first use: a text beside the image, IMAGE.profile, with
// which the next boot fetches it before it is asked for. Only a hint, and never trusted: any text is either
// no profile, or one that at worst fetches pieces of the image in a useless order.
//
//   bootferry-profile 1
//   SIZE                     of the image, bytes
//   OFFSET LENGTH            bytes, decimal, one extent a line
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "piece_map.h"

namespace bootferry {

inline constexpr std::size_t longestProfile = std::size_t{1} << 20U; // bytes of text
inline constexpr std::size_t mostProfileExtents = 32768;

// nullopt if it is no profile of an image of this size, or too long.
[[nodiscard]] std::optional<std::vector<Extent>> readProfile(std::string_view text, std::uint64_t imageSize);

// Of reads in the order in which they came: each byte counts where it was first read. Extents are merged if
// they adjoin; at most mostProfileExtents.
[[nodiscard]] std::string writeProfile(const std::vector<Extent>& reads, std::uint64_t imageSize);

} // namespace bootferry
