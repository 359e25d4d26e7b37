// SPDX-License-Identifier: LGPL-2.1-or-later
// What is done with a disk follows from what lies there and from what was asked. A deployed disk is used as
// it is; one that holds anything else is refused, and the refusal says what was seen and how to overwrite it.
#pragma once

#include <string>

#include "disk_contents.h"

namespace bootferry {

enum class DiskPlan {
    Use,    // what is there, as it is
    Deploy, // an image has to be fetched
};

// Pure. overwrite: the administrator said so (rd.kiwi.live.reset, --reset). Throws Error(TargetRefused).
[[nodiscard]] DiskPlan planDisk(const std::string& device, const DiskContents& contents, bool overwrite,
                                const char* overwriteOption);

} // namespace bootferry
