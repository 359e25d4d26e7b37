// SPDX-License-Identifier: LGPL-2.1-or-later
#include "proxy_variables.h"

#include <cstdlib>
#include <utility>

#include "environment.h"

namespace bootferry {
namespace {

constexpr const char* names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ftp_proxy", "FTP_PROXY",
                                 "all_proxy",  "ALL_PROXY",   "no_proxy",    "NO_PROXY"};

} // namespace

ProxyVariables proxyVariables() {
    ProxyVariables variables;
    for (const auto* name : names) {
        if (auto value = environment(name)) {
            variables[name] = std::move(*value);
        }
    }
    return variables;
}

void setProxyVariables(const ProxyVariables& variables) {
    for (const auto* name : names) {
        if (const auto found = variables.find(name); found != variables.end()) {
            ::setenv(name, found->second.c_str(), 1); // NOLINT(concurrency-mt-unsafe): one thread
        }
    }
}

} // namespace bootferry
