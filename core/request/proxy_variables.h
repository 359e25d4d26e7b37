// SPDX-License-Identifier: LGPL-2.1-or-later
// The environment variables that set the proxies of programs: http_proxy, https_proxy, ftp_proxy, all_proxy,
// no_proxy, and all but the first in upper case. libcurl reads them itself, with its own rules for schemes,
// redirects, exceptions and logins; they only have to be in the environment of the process that uses it.
// HTTP_PROXY is not read, as in curl: a web server passes the client's Proxy: header to CGI programs in a
// variable of that name.
#pragma once

#include <map>
#include <string>

namespace bootferry {

using ProxyVariables = std::map<std::string, std::string>;

// The proxy variables that are set in this process.
[[nodiscard]] ProxyVariables proxyVariables();

// Sets them in this process; other names are ignored. Call before any thread is started.
void setProxyVariables(const ProxyVariables& variables);

} // namespace bootferry
