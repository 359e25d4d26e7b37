// SPDX-License-Identifier: LGPL-2.1-or-later
// What follows incompleteMark in the first block of a device that is being filled out of order
// (core/ondemand): which image it is, and that the rest of the head, which is written last, holds a map of
// what has arrived until then. Any other incomplete device has zeros there. Since it lies in the block of the
// mark, which no disk tears, to mark the device anew is to forget the map. A line of text:
//
//   map 1 SIZE VERSION CHECK      of 16 hexadecimal digits each
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bootferry {

struct FillMark {
    std::uint64_t imageSize = 0; // bytes
    std::uint64_t version = 0;   // of the image: fingerprint() of what tells it from others

    bool operator==(const FillMark&) const = default;
};

// Of the beginning of a device; nullopt: it has no such mark.
[[nodiscard]] std::optional<FillMark> readFillMark(std::span<const std::byte> head);

// What the device begins with, incompleteMark included.
[[nodiscard]] std::string fillMarkText(const FillMark& mark);

// Tells accidents, not attacks: whoever could make two alike could write to the device as well (FNV-1a).
[[nodiscard]] std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t of = 0);

} // namespace bootferry
