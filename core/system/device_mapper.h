// SPDX-License-Identifier: LGPL-2.1-or-later
// What the kernel's device-mapper can do (linux/dm-ioctl.h). Asked without libdevmapper, which an initrd may
// lack: its absence is another fault, with another message.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// For ioctl(2), after loading dm-mod if needed. Throws Error(Unsupported) if this kernel has no
// device-mapper.
[[nodiscard]] UniqueFd openDeviceMapper();

// Whether the kernel has a target ("crypt", "verity"), after loading its module if needed. False also without
// device-mapper. Needs root.
[[nodiscard]] bool hasDeviceMapperTarget(const std::string& target);

} // namespace bootferry
