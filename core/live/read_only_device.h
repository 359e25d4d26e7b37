// SPDX-License-Identifier: LGPL-2.1-or-later
// A block device that the kernel lets no file system write to. The mount option ro does not suffice: ext4
// frees deleted files that were open when the power failed or the machine was hibernated, also with noload.
// Drivers leave that on a device that is read-only.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// Read-only from the constructor to the destructor, unless kept. A device in use, by a mount or another
// device, is left as it is: its file system is the kernel's already, and its user may have to write.
class ReadOnlyDevice {
public:
    ReadOnlyDevice() = default;
    explicit ReadOnlyDevice(const std::string& node); // throws Error(Io)
    ReadOnlyDevice(ReadOnlyDevice&& other) noexcept = default;
    ReadOnlyDevice& operator=(ReadOnlyDevice&& other) = delete;
    ReadOnlyDevice(const ReadOnlyDevice&) = delete;
    ReadOnlyDevice& operator=(const ReadOnlyDevice&) = delete;
    ~ReadOnlyDevice();

    // It stays read-only.
    void keep() noexcept { fd_.reset(); }

private:
    UniqueFd fd_; // only if it was changed
};

} // namespace bootferry
