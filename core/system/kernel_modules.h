// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading what the kernel has as modules, through libkmod and not by running modprobe(8): errors arrive as
// errors, and brd can be given its size at the moment when it is known.
#pragma once

#include <string>

namespace bootferry {

// Loads a module by its name or alias with its dependencies. True: it is there now (loaded, built in, or it
// was before; parameters then have no effect). False: this kernel has no such module. Throws Error(Io) where
// loading fails, and where there is no module tree at all for the running kernel.
[[nodiscard]] bool loadKernelModule(const std::string& nameOrAlias, const std::string& parameters = {});

// True: it is gone. False: it is in use, built in, or was not there.
[[nodiscard]] bool unloadKernelModule(const std::string& name);

// Makes sure that the kernel knows a filesystem ("iso9660"), by its fs-NAME alias. Throws Error(Unsupported).
void requireFilesystem(const std::string& type);

} // namespace bootferry
