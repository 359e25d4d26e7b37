// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows whether a device still is the medium that a transfer has written: its name and number may belong to
// another medium meanwhile, or it may hold another image. The kernel numbers media (diskseq, Linux 5.15), and
// images differ in their first 64 KiB, behind the partition tables: partitions may be added to a deployed
// disk.
#pragma once

#include <string>

namespace bootferry {

// Equal as long as medium and image are the same; empty if the device cannot be read. fd: open for reading.
[[nodiscard]] std::string mediumIdentity(int fd);

} // namespace bootferry
