// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl fetch URL FILE|DEVICE`: the boot's own pipeline on any Linux machine, without a service. A
// file needs no root privileges and gets its name only when it is complete (file_target.h); standard output
// and other streams are written as the bytes arrive (stream_target.h). A block device is written head last,
// and only if it is empty or --reset is given.
#pragma once

#include "command_line.h"
#include "transfer_request.h"

namespace bootferry {

// Parses the command line. Without --timeout the request has an idle timeout of five minutes.
[[nodiscard]] TransferRequest fetchRequest(const CommandLine& line);

// Returns the exit status (exit_status.h); the reason of a failure is on standard error.
[[nodiscard]] int runFetch(const CommandLine& line);

// Fetches the hash tree of an image that a boot verifies as it is read. It retries for ever, as a boot does,
// limits the size, uses the credentials of the service, and records the reason of a failure for the emergency
// shell.
[[nodiscard]] int runFetchTree(const CommandLine& line);

} // namespace bootferry
