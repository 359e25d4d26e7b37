// SPDX-License-Identifier: LGPL-2.1-or-later
#include "needed_files.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

bool isNumeric(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &address) == 1;
}

std::optional<std::string> neededByName(const std::string& host) {
    if (isNumeric(host)) {
        return std::nullopt;
    }
    return fmt::format("the name '{}' cannot be looked up any more when the initrd is gone: give the address",
                       host);
}

// "[SCHEME://][USER@]HOST[:PORT]", as curl reads it.
std::optional<std::string> neededByProxy(std::string_view value) {
    constexpr std::string_view separator = "://";
    if (value.empty()) {
        return std::nullopt;
    }
    const auto scheme = value.find(separator);
    const auto text = scheme == std::string_view::npos ? fmt::format("http://{}", value) : std::string(value);
    try {
        const auto proxy = Url::parse(text);
        if (proxy.scheme() == "https") {
            return "the certificates for the proxy cannot be read any more when the initrd is gone";
        }
        return neededByName(proxy.host());
    } catch (const Error&) { // its text may have a password
        return "the address of the proxy is not understood";
    }
}

std::optional<std::string> neededByOption(const PluginOption& option) {
    constexpr std::array<std::string_view, 7> proxies{"proxy",   "proxy1.0", "preproxy",       "socks4",
                                                      "socks4a", "socks5",   "socks5-hostname"};
    constexpr std::array<std::string_view, 5> encryption{"ssl", "ssl-reqd", "ftp-ssl", "ftp-ssl-reqd",
                                                         "ftp-ssl-control"};
    if (std::ranges::find(proxies, option.key) != proxies.end()) {
        return neededByProxy(option.value);
    }
    if (std::ranges::find(encryption, option.key) != encryption.end()) {
        return fmt::format("the certificates for '{}' cannot be read any more when the initrd is gone",
                           option.key);
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> neededFiles(const Url& url) {
    constexpr std::array<std::string_view, 3> withoutFiles{"http", "ftp", "sftp"};
    if (std::ranges::find(withoutFiles, url.scheme()) == withoutFiles.end()) {
        return fmt::format("a connection over {} needs files that are gone with the initrd", url.scheme());
    }
    return neededByName(url.host());
}

std::optional<std::string> neededFiles(const TransferRequest& request, const ProxyVariables& proxies) {
    auto needed = neededFiles(request.url);
    for (auto mirror = request.mirrors.begin(); !needed && mirror != request.mirrors.end(); ++mirror) {
        needed = neededFiles(*mirror);
    }
    for (auto option = request.pluginOptions.begin(); !needed && option != request.pluginOptions.end();
         ++option) {
        needed = neededByOption(*option);
    }
    for (auto proxy = proxies.begin(); !needed && proxy != proxies.end(); ++proxy) {
        needed = proxy->first == "no_proxy" || proxy->first == "NO_PROXY" ? std::nullopt
                                                                          : neededByProxy(proxy->second);
    }
    return needed;
}

} // namespace bootferry
