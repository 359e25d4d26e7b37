// SPDX-License-Identifier: LGPL-2.1-or-later
// Proxies as libcurl reads their URLs. If a user name or password has a control character, also an encoded
// one (%00, %0A), libcurl cannot decode it and uses no proxy at all: the request would bypass the proxy.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bootferry::curl {

// Does the text, percent-decoded, contain a control character?
[[nodiscard]] bool hasControlCharacter(std::string_view url);

// The name of the environment variable for proxies that has one; nullopt: none has.
[[nodiscard]] std::optional<std::string> wrongProxyVariable();

// The environment variable from which libcurl takes the proxy for a URL of this scheme.
[[nodiscard]] std::optional<std::string> proxyVariable(const std::string& scheme);

// The proxy of a connection.
struct ProxyInUse {
    std::string namedBy; // "curl's option proxy", "the environment variable http_proxy"
    bool isSocks = false;
};

// Of the environment, for a URL of this scheme.
[[nodiscard]] std::optional<ProxyInUse> proxyOfEnvironment(const std::string& scheme);
// True if the environment exempts hosts from it.
[[nodiscard]] bool environmentExemptsHosts();

// True if the URL names a SOCKS proxy, or names no kind and `otherwise` is true.
[[nodiscard]] bool isSocksUrl(std::string_view url, bool otherwise);

} // namespace bootferry::curl
