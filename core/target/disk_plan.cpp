// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disk_plan.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

std::string whatIsThere(const std::string& device, const DiskContents& contents) {
    if (contents.state != DiskState::Unreadable) {
        return fmt::format("'{}' holds {}", device, contents.description);
    }
    return unreadableText(device, contents.unreadable, contents.errnoValue) +
           (contents.description.empty() ? "" : "; its readable part is " + contents.description);
}

} // namespace

DiskPlan planDisk(const std::string& device, const DiskContents& contents, bool overwrite,
                  const char* overwriteOption) {
    if (overwrite) {
        return DiskPlan::Deploy;
    }
    switch (contents.state) {
    case DiskState::Blank:
    case DiskState::Incomplete:
        return DiskPlan::Deploy;
    case DiskState::Deployed:
        return DiskPlan::Use;
    case DiskState::Foreign:
    case DiskState::Unknown:
    case DiskState::Unreadable:
        break;
    }
    throw Error(ErrorCode::TargetRefused,
                fmt::format("{}; {} overwrites it", whatIsThere(device, contents), overwriteOption));
}

} // namespace bootferry
