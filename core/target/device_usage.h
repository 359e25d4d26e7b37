// SPDX-License-Identifier: LGPL-2.1-or-later
// What uses a disk that must not be touched now. The kernel only reports EBUSY, and not even that for a loop
// device backed by a disk: a running live system may have its root on one.
#pragma once

#include <string>

#include <sys/types.h>

namespace bootferry {

// "'/dev/sda1' is mounted at '/mnt', '/dev/sda2' is used by 'dm-0' (vg-root)", for the device and its
// partitions; empty if no user is found. Reads /proc and /sys only.
[[nodiscard]] std::string describeUsers(dev_t number);

// "/dev/vda (10.0 GiB), /dev/sda (931.5 GiB)": the existing disks, for the error about a missing disk; "none"
// if there are none.
[[nodiscard]] std::string listDisks();

// The block device in the same folder whose name is most like this one's, "/dev/vda" for "/dev/sda"; empty:
// none is like it.
[[nodiscard]] std::string nearestDevice(const std::string& path);

// Waits until udev has processed all pending events, for 5 s at most.
void settleUdev() noexcept;

} // namespace bootferry
