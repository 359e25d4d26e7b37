// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads and unloads kernel modules with libkmod. Unlike running modprobe(8) this reports errors as errnos,
// and can pass brd its size when that is known.
#pragma once

#include <string>

namespace bootferry {

// Loads a module by name or alias, with its dependencies. Returns true if the module is available now; the
// parameters have no effect if it was loaded before or is built in. Returns false if this kernel has no such
// module. Throws Error(Io) if loading fails, or if the running kernel has no module tree.
[[nodiscard]] bool loadKernelModule(const std::string& nameOrAlias, const std::string& parameters = {});

// Returns false if the module is in use, built in, or not loaded.
[[nodiscard]] bool unloadKernelModule(const std::string& name);

// Makes sure that the kernel supports a filesystem ("iso9660"): loads the module with the alias fs-NAME if
// needed. Throws Error(Unsupported).
void requireFilesystem(const std::string& type);

} // namespace bootferry
