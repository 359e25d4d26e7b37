// SPDX-License-Identifier: LGPL-2.1-or-later
// Options of a plugin that serves none of a request's URLs. They are no error, since a file of options may be
// meant for several transports, but a user who has mixed up two plugins must see it. Decided by the links in
// the plugin folder: the supervisor loads no plugin.
#pragma once

#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

// One sentence for each, without the values. Options of plugins that are not installed are left out, because
// the worker refuses them.
[[nodiscard]] std::vector<std::string> describeUnusedOptions(const std::string& pluginDir,
                                                             const TransferRequest& request);

} // namespace bootferry
