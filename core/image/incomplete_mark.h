// SPDX-License-Identifier: LGPL-2.1-or-later
// The text at the beginning of a device while an image is being written to it; the image's own head replaces
// it at the end. It distinguishes a disk whose deployment was interrupted from one with somebody's data. No
// firmware, file system or partition table begins with it.
#pragma once

#include <string_view>

namespace bootferry {

inline constexpr std::string_view incompleteMark = "bootferry: the image on this device is not complete\n";

} // namespace bootferry
