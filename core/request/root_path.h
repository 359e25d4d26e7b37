// SPDX-License-Identifier: LGPL-2.1-or-later
// root=dhcp on the kernel command line: the DHCP server names the root in the lease (option 17, the root
// path). The generator runs before there is a lease. So the line stays with the initrd's network program
// until that has one, whose root path it hands over in a file; the generator runs again then. Of all root
// paths, live:URL is bootferry's.
#pragma once

#include <optional>
#include <string>

#include "kernel_command_line.h"

namespace bootferry {

// Below /run/bootferry.
inline constexpr const char* rootPathFile = "root-path";

// Is the root what the DHCP server names?
[[nodiscard]] bool asksForRootPath(const KernelCommandLine& line);

// The line with the root path in the place of root=dhcp, if it names a live image. Throws Error(Invalid) if
// that image has no URL.
[[nodiscard]] KernelCommandLine withRootPath(const KernelCommandLine& line,
                                             const std::optional<std::string>& rootPath);

} // namespace bootferry
