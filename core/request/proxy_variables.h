// SPDX-License-Identifier: LGPL-2.1-or-later
// The environment variables by which people tell programs of their proxies: http_proxy, https_proxy,
// ftp_proxy, all_proxy, no_proxy, and all but the first in upper case. libcurl reads them itself, with its
// own rules for schemes, redirects, exceptions and logins; they only have to be in the environment of the
// process that uses it. HTTP_PROXY is not read, as curl has it: a web server's CGI programs get a client's
// header by that name.
#pragma once

#include <map>
#include <string>

namespace bootferry {

using ProxyVariables = std::map<std::string, std::string>;

// Those of this process that are set.
[[nodiscard]] ProxyVariables proxyVariables();

// Sets them in this process; names that are no proxy variables are ignored. Call before any thread is
// started.
void setProxyVariables(const ProxyVariables& variables);

} // namespace bootferry
