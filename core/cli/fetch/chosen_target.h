// SPDX-License-Identifier: LGPL-2.1-or-later
// What the word FILE of `bootferryctl fetch` names: a file, a stream (a pipe, a terminal, standard output),
// or a block device.
#pragma once

#include <memory>

#include "file_target.h"
#include "prepared_target.h"
#include "transfer_request.h"

namespace bootferry {

// `file` or `stream` is set; neither for a block device.
struct ChosenTarget {
    std::unique_ptr<FileTarget> file;
    PreparedTarget stream;
};

// isNamed: the command line names the target. If not, the name is taken from the URL, and only a file is
// accepted. Waits for a FIFO's reader as long as the request allows.
[[nodiscard]] ChosenTarget chooseTarget(const TransferRequest& request, bool isNamed);

} // namespace bootferry
