// SPDX-License-Identifier: LGPL-2.1-or-later
#include "proxy_url.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "ascii_text.h"

namespace bootferry::curl {

bool hasControlCharacter(std::string_view url) {
    constexpr std::size_t escapeSize = 3;
    for (std::size_t at = 0; at < url.size(); ++at) {
        auto character = static_cast<unsigned char>(url[at]);
        if (character == '%' && at + escapeSize <= url.size()) {
            constexpr int hexadecimal = 16;
            character =
                plugin::parseNumber<unsigned char>(url.substr(at + 1, 2), hexadecimal).value_or(character);
        }
        if (character < ' ' || character == '\x7f') {
            return true;
        }
    }
    return false;
}

// As libcurl reads them: not HTTP_PROXY.
std::optional<std::string> wrongProxyVariable() {
    for (const char* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "ftp_proxy", "FTP_PROXY", "all_proxy", "ALL_PROXY"}) {
        const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody changes it
        if (value != nullptr && hasControlCharacter(value)) {
            return name;
        }
    }
    return std::nullopt;
}

std::optional<std::string> proxyVariable(const std::string& scheme) {
    auto upper = scheme;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    for (const auto& name :
         {scheme + "_proxy", upper + "_PROXY", std::string("all_proxy"), std::string("ALL_PROXY")}) {
        const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nobody changes it
        if (name != "HTTP_PROXY" && value != nullptr && *value != '\0') {
            return name;
        }
    }
    return std::nullopt;
}

bool isSocksUrl(std::string_view url, bool otherwise) {
    return url.find("://") == std::string_view::npos ? otherwise : plugin::lowered(url).starts_with("socks");
}

std::optional<ProxyInUse> proxyOfEnvironment(const std::string& scheme) {
    const auto name = proxyVariable(scheme);
    if (!name) {
        return std::nullopt;
    }
    const char* url = std::getenv(name->c_str()); // NOLINT(concurrency-mt-unsafe): nobody changes it
    return ProxyInUse{.namedBy = "the environment variable " + *name,
                      .isSocks = url != nullptr && isSocksUrl(url, false)};
}

bool environmentExemptsHosts() {
    for (const char* name : {"no_proxy", "NO_PROXY"}) {
        const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody changes it
        if (value != nullptr && *value != '\0') {
            return true;
        }
    }
    return false;
}

} // namespace bootferry::curl
