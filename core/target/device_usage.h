// SPDX-License-Identifier: LGPL-2.1-or-later
// Who uses a disk that must not be touched now. The kernel says no more than EBUSY, and not even that for a
// loop device that lies on a disk: a running live system may have its root on one.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

namespace bootferry {

// What the kernel calls a block device: "sda3"; empty where it has none of that number.
[[nodiscard]] std::string kernelName(dev_t number);

// The disk that a partition is a part of; nothing where it is none.
[[nodiscard]] std::optional<dev_t> wholeDiskOf(dev_t number);

// "'/dev/sda1' is mounted at '/mnt', 'dm-0' (vg-root) lies on '/dev/sda2'", of the device and its partitions;
// empty where nobody is known. Reads /proc and /sys only.
[[nodiscard]] std::string whatUses(dev_t number);

// "vda (10.0 GiB), sda (931.5 GiB)": the disks there are, for an error about one that is not. "none".
[[nodiscard]] std::string listDisks();

// Waits until udev has looked at everything that changed, for 5 s at most.
void settleUdev() noexcept;

} // namespace bootferry
