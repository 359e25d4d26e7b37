// SPDX-License-Identifier: LGPL-2.1-or-later
// Why a new connection cannot be made without files: a name has to be looked up, or certificates are read.
// The files of the initrd are gone after the switch of root. nullopt: it can be made. Files that the options
// of plugins name are not looked for. Pure.
#pragma once

#include <optional>
#include <string>

#include "proxy_variables.h"
#include "transfer_request.h"

namespace bootferry {

[[nodiscard]] std::optional<std::string> neededFiles(const Url& url);
[[nodiscard]] std::optional<std::string> neededFiles(const TransferRequest& request,
                                                     const ProxyVariables& proxies);

} // namespace bootferry
