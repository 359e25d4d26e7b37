// SPDX-License-Identifier: LGPL-2.1-or-later
// What uses a disk that must not be touched now. The kernel only reports EBUSY, and not even that for a loop
// device backed by a disk: a running live system may have its root on one.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

namespace bootferry {

// The kernel's name of a block device: "sda3"; empty if no device has that number.
[[nodiscard]] std::string kernelName(dev_t number);

// The disk that a partition belongs to; nullopt if it is not a partition.
[[nodiscard]] std::optional<dev_t> wholeDiskOf(dev_t number);

// "'/dev/sda1' is mounted at '/mnt', '/dev/sda2' is used by 'dm-0' (vg-root)", for the device and its
// partitions; empty if no user is found. Reads /proc and /sys only.
[[nodiscard]] std::string describeUsers(dev_t number);

// "vda (10.0 GiB), sda (931.5 GiB)": the existing disks, for an error about a missing one; else "none".
[[nodiscard]] std::string listDisks();

// Waits until udev has processed all pending events, for 5 s at most.
void settleUdev() noexcept;

} // namespace bootferry
