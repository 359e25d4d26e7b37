// SPDX-License-Identifier: LGPL-2.1-or-later
// curl's secret options are listed by name; those of other plugins are recognised by words in their names.
#include "secret_options.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

std::string percentEncoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

} // namespace

bool isSecretOption(const PluginOption& option) {
    // Of several proxies the last one counts, so all of them go into the same file as one with a password, in
    // their order.
    static constexpr std::array names{
        "user",          "proxy-user",     "oauth2-bearer", "header",
        "proxy-header",  "cookie",         "login-options", "tlsuser",
        "proxy-tlsuser", "aws-sigv4",      "referer",       "cert",
        "proxy-cert",    "ftp-account",    "doh-url",       "ftp-alternative-to-user",
        "proxy",         "request-target", "proxy1.0",      "preproxy",
        "socks4",        "socks4a",        "socks5",        "socks5-hostname"};
    static constexpr std::array sounds{"pass", "secret", "token", "auth", "credential"};
    const auto& key = option.key;
    return std::find(names.begin(), names.end(), key) != names.end() ||
           std::any_of(sounds.begin(), sounds.end(),
                       [&](const char* sound) { return key.find(sound) != std::string::npos; }) ||
           option.value.find('@') != std::string::npos ||        // a URL may hold userinfo
           option.value.find("pin-value=") != std::string::npos; // a smart card's PIN (RFC 7512)
}

std::string optionText(const PluginOption& option) {
    return option.value.empty() ? fmt::format("{}:{}", option.plugin, option.key)
                                : fmt::format("{}:{}={}", option.plugin, option.key, option.value);
}

std::string userinfoText(const Userinfo& userinfo) {
    auto text = percentEncoded(userinfo.user);
    if (userinfo.password) {
        text += ":" + percentEncoded(*userinfo.password);
    }
    return text;
}

} // namespace bootferry
