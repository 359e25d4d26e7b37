// SPDX-License-Identifier: LGPL-2.1-or-later
// What a device begins with while an image is being written to it, until the image's own head takes the
// place. A disk that was cut off in mid-deployment is thereby told from one that holds something of somebody
// else's. No firmware, file system or partition table begins like it.
#pragma once

#include <string_view>

namespace bootferry {

inline constexpr std::string_view incompleteMark = "bootferry: the image on this device is not complete\n";

} // namespace bootferry
