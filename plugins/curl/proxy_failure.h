// SPDX-License-Identifier: LGPL-2.1-or-later
// Failures that a proxy reports, or that are the proxy's own: a server that is down behind it is worth a
// retry, a login or a rule of the proxy is not. Pure.
#pragma once

#include <optional>
#include <string>

#include <curl/curl.h>

#include "host.h"

namespace bootferry::curl {

// What helps if the proxy is of the other kind.
[[nodiscard]] std::string otherKindOfProxy(bool isSocks);

// For CURLE_PROXY, the failure of a SOCKS proxy. target: the server that was to be reached.
[[nodiscard]] plugin::Failure failureOfSocks(CURLproxycode code, const std::string& target);

// Where libcurl could not connect to, "host:port", according to its error text; nullopt if the text does not
// say so.
[[nodiscard]] std::optional<std::string> unconnectedPlace(const std::string& detail);

} // namespace bootferry::curl
