// SPDX-License-Identifier: LGPL-2.1-or-later
// Everyone can read units, so options that may be secrets reach the deployment in a file that only root can
// read. In doubt, an option is a secret.
#pragma once

#include <string>

#include "transfer_request.h"

namespace bootferry {

[[nodiscard]] bool isSecretOption(const PluginOption& option);

// PLUGIN:KEY=VALUE, or PLUGIN:KEY without a value.
[[nodiscard]] std::string optionText(const PluginOption& option);

// "user" or "user:password", percent-encoded as in a URL.
[[nodiscard]] std::string userinfoText(const Userinfo& userinfo);

} // namespace bootferry
