// SPDX-License-Identifier: LGPL-2.1-or-later
// The hash tree is fetched with the options of the image. An option that only the hash tree's URL uses is not
// passed to `bootferryctl deploy`, which would warn that it has no effect. Pure.
#pragma once

#include <vector>

#include "boot_request.h"

namespace bootferry {

[[nodiscard]] std::vector<PluginOption> optionsOfImage(const BootRequest& request,
                                                       const TransferRequest& transfer);

} // namespace bootferry
