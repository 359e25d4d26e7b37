// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor opens the files that a plugin's options name (keys, certificates, known hosts) with the
// rights of the user who gave the options, and passes them to the worker as sealed copies in memory: the
// worker needs no right to read files.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

// path: "~/NAME" is in $HOME. A process that holds the descriptor may reopen the copy by /proc/self/fd, to
// read. Throws Error: fileErrorCode()'s code (files.h) if it cannot be opened, TargetRefused if it is not a
// regular file, Invalid if it is larger than 4 MiB, Io if reading fails.
[[nodiscard]] UniqueFd copyOfKeyFile(const std::string& path);

} // namespace bootferry
