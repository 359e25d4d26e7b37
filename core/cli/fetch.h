// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl fetch URL FILE|DEVICE`: the boot's own pipeline on any Linux machine, with no service. A file
// takes no root, and appears under its name only when it is whole (file_target.h); standard output and its
// like are written to as the bytes come (stream_target.h). A block device is written head last, and only if
// nothing lies on it or --reset is given.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

// Exit status: 0 done, 1 failed (the reason is on standard error), 130 interrupted.
[[nodiscard]] int runFetch(const std::vector<std::string>& arguments);

} // namespace bootferry
