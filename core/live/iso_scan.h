// SPDX-License-Identifier: LGPL-2.1-or-later
// An ISO file on a file system of this machine, as GRUB's loopback boots it: found as dracut's iso-scan finds
// it, by mounting one file system after the other and looking for the file.
#pragma once

#include <string>

#include "loop_device.h"
#include "mounts.h"
#include "read_only_device.h"

namespace bootferry {

struct IsoScan {
    std::string file;      // a relative path on the file system
    std::string medium;    // of root=live:; below /dev/disk/by-label it is the label that the ISO must have
    std::string folder;    // where its file system stays mounted
    bool writable = false; // mount that file system for writing, if possible and not of a hibernated system
};

struct FoundIso {
    ReadOnlyDevice filesystem; // the device of the file system, if it is read-only; to be kept as long as
                               // that is mounted
    OpenLoopDevice device;     // read-only; detached by the kernel when it and its mounts are gone
    std::string text;          // for the log: "'/boot/live.iso' on '/dev/sda1' (ext4)"
};

// Waits for file systems that appear meanwhile, 90 s at most. Throws Error(NotFound) with what was looked at,
// Error(Cancelled), Error(Io).
[[nodiscard]] FoundIso scanForIso(MountStack& mounts, const IsoScan& wanted);

} // namespace bootferry
