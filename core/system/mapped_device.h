// SPDX-License-Identifier: LGPL-2.1-or-later
// A device of device-mapper that shows another device (target "linear"), and can show a third one later
// while it is mounted: the kernel holds new reads back for the moment of the change, and no read is lost.
// Devices are read-only.
//
// By ioctl(2), and not through libdevmapper: it is four calls of one structure, and the library with what it
// needs would take most of what an initrd may grow. What the library does beside the calls is not wanted
// here, or done by the kernel: it waits for udev by a semaphore ("cookie"), for ever in an initrd without
// its rules; it makes nodes in /dev/mapper, and devtmpfs makes /dev/dm-N; it locks memory while a device is
// suspended, and here the table is loaded first, and one call suspends, swaps and resumes. That call waits
// for the reads that are under way below, and others wait for it meanwhile: who answers those must be alive.
// The version of the interface is checked by the kernel in each call.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "handles.h"

namespace bootferry {

// Needs no file after it was created, so that it works when the files of an initrd are gone.
class MappedDevice {
public:
    // name: printable, without a slash; device: what is shown, from its beginning; size: bytes, a multiple of
    // 512. Loads the kernel's device-mapper if needed. Throws Error(Unsupported) if this kernel has none,
    // Error(TargetRefused) if there is a device of that name, Error(Io).
    MappedDevice(std::string name, dev_t device, std::uint64_t size);

    // Shows `device` from now on, which no other program may hold exclusively. Throws Error(Io); the mapped
    // device then still shows what it showed.
    void show(dev_t device);

    // Fails if it is mounted or open. The destructor does not remove it: what is mounted from it may outlive
    // this process. Throws Error(Io).
    void remove();

    [[nodiscard]] std::string path() const; // "/dev/dm-0"

private:
    std::string name_;
    std::uint64_t size_;
    UniqueFd control_;
    dev_t number_ = 0;
};

} // namespace bootferry
