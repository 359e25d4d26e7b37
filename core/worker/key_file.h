// SPDX-License-Identifier: LGPL-2.1-or-later
// The files that a plugin's options name (keys, certificates, known hosts) are opened by the supervisor, with
// the rights of whoever gave the options, and reach the worker as sealed copies in memory: it needs no right
// to read anything.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// path: "~/NAME" is in the home folder of whom this process runs as. Any process that holds the descriptor
// may open the copy again by /proc/self/fd, to read. Throws Error(Io): no regular file, or more than 4 MiB.
[[nodiscard]] UniqueFd copyOfKeyFile(const std::string& path);

} // namespace bootferry
