// SPDX-License-Identifier: LGPL-2.1-or-later
// What is done with a disk follows from its contents and the request. A deployed disk is used as it is; one
// that holds anything else is refused, with an error that says what was found and how to overwrite it.
#pragma once

#include <string>

#include "disk_contents.h"

namespace bootferry {

enum class DiskPlan {
    Use,    // the deployed image, as it is
    Deploy, // fetch an image
};

// Pure. overwrite: allowed by the administrator (rd.kiwi.live.reset, --reset). Throws Error(TargetRefused).
[[nodiscard]] DiskPlan planDisk(const std::string& device, const DiskContents& contents, bool overwrite,
                                const char* overwriteOption);

} // namespace bootferry
