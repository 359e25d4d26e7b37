// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns the kernel command line, and what the initrd's own files add to it, into the units of a boot or of a
// refusal.
#pragma once

#include <optional>
#include <string>

#include "boot_origin.h"
#include "boot_request.h"
#include "generate_units.h"
#include "kernel_command_line.h"

namespace bootferry {

// All that the generator decides, for the generator itself and for `bootferryctl explain`.
struct GeneratedBoot {
    KernelCommandLine line;             // with the DHCP server's root path
    std::optional<BootRequest> request; // nullopt: refused, or not bootferry's
    std::optional<std::string> refusal; // why the line cannot be honoured
    std::optional<UnitFiles> files;     // nullopt: not bootferry's
};

// bootOrigin: reads what bootorigin: on the line stands for. rootPath: what root=dhcp stands for, once there
// is a lease.
[[nodiscard]] GeneratedBoot generateBoot(const KernelCommandLine& line, const InstalledPaths& paths,
                                         const BootOriginReader& bootOrigin = {},
                                         const std::optional<std::string>& rootPath = {});

} // namespace bootferry
