// SPDX-License-Identifier: LGPL-2.1-or-later
// Who uses a disk that must not be touched now. The kernel says no more than EBUSY, and not even that for a
// loop device that lies on a disk: a running live system may have its root on one.
#pragma once

#include <string>

namespace bootferry {

// "'/dev/sda1' is mounted at '/mnt', 'dm-0' (vg-root) lies on '/dev/sda2'", of the device and its partitions;
// empty where nobody is known. Reads /proc and /sys only.
[[nodiscard]] std::string whatUses(const std::string& device);

} // namespace bootferry
