// SPDX-License-Identifier: LGPL-2.1-or-later
// Where live ISOs keep their kernel and initrd: the table of their paths, beside that of the root images
// (live_layout.h). Chooses a pair, or says why it cannot: an initrd of another kernel has no modules for it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bootferry {

// '*' stands for any characters but '/'. Kernel and initrd belong together if they have the same text for it.
struct BootFilesLayout {
    std::string_view users;
    std::string_view kernel;
    std::string_view initrd;
};
[[nodiscard]] std::span<const BootFilesLayout> bootFilesLayouts();

struct BootFiles {
    std::string kernel; // paths in the ISO, without a slash in front
    std::string initrd;
    bool operator==(const BootFiles&) const = default;
};

// The paths are compared without regard to the case: an ISO without Rock Ridge has upper case. A path that is
// given by hand is taken as it is. Throws Error(NotFound) that lists what there is. Pure.
[[nodiscard]] BootFiles findBootFiles(const std::vector<std::string>& paths,
                                      const std::optional<std::string>& kernel = std::nullopt,
                                      const std::optional<std::string>& initrd = std::nullopt);

// The same for a boot with an initrd from elsewhere: the kernel alone. Throws likewise.
[[nodiscard]] std::string findKernel(const std::vector<std::string>& paths,
                                     const std::optional<std::string>& kernel = std::nullopt);

} // namespace bootferry
