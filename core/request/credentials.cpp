// SPDX-License-Identifier: LGPL-2.1-or-later
#include "credentials.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace bootferry {
namespace {

// Credentials that are not sent to a server: trusted certificates and host keys, and a key that only signs.
constexpr std::array<std::string_view, 4> neverSent{"cacert", "known_hosts", "sshkey", "sshkey_passphrase"};

std::optional<std::uint16_t> portOf(const Url& url) {
    constexpr std::pair<std::string_view, std::uint16_t> usual[] = {
        {"http", 80}, {"https", 443}, {"ftp", 21}, {"sftp", 22}, {"tftp", 69}};
    if (url.port()) {
        return url.port();
    }
    for (const auto& [scheme, port] : usual) {
        if (url.scheme() == scheme) {
            return port;
        }
    }
    return std::nullopt;
}

std::string credentialHost(const Url& url) {
    auto host = url.host();
    if (url.port()) {
        host += "-" + std::to_string(*url.port());
    }
    std::replace(host.begin(), host.end(), ':', '-');
    return host;
}

} // namespace

Credentials withoutUnnamedServer(const Credentials& all) {
    constexpr std::string_view trustedKeys = "keys";
    Credentials kept;
    for (const auto& [name, value] : all) {
        if (name.find('.') != std::string::npos || name == trustedKeys ||
            std::find(neverSent.begin(), neverSent.end(), name) != neverSent.end()) {
            kept.emplace(name, value);
        }
    }
    return kept;
}

bool isSameOrigin(const Url& one, const Url& other) {
    return one.scheme() == other.scheme() && one.host() == other.host() && portOf(one) == portOf(other);
}

Credentials credentialsFor(const Url& url, const Url& image, const Credentials& all) {
    const auto suffix = "." + credentialHost(url);
    const bool isImages = isSameOrigin(url, image);
    Credentials chosen;
    for (const auto& [name, value] : all) {
        const bool isSent = std::find(neverSent.begin(), neverSent.end(), name) == neverSent.end();
        if (name.size() > suffix.size() && name.ends_with(suffix)) {
            chosen[name.substr(0, name.size() - suffix.size())] = value;
        } else if (isImages || !isSent) {
            chosen.emplace(name, value); // does not replace the one for this server
        }
    }
    const auto& userinfo = url.userinfo() || !isImages ? url.userinfo() : image.userinfo();
    if (userinfo) {
        chosen["user"] = userinfo->user;
        chosen.erase("password");
        if (userinfo->password) {
            chosen["password"] = *userinfo->password;
        }
    }
    return chosen;
}

std::vector<Credentials> credentialsFor(const TransferRequest& request, const Credentials& all) {
    std::vector<Credentials> credentials{credentialsFor(request.url, request.url, all)};
    for (const auto& mirror : request.mirrors) {
        credentials.push_back(credentialsFor(mirror, request.url, all));
    }
    if (request.checksumUrl) {
        credentials.push_back(credentialsFor(*request.checksumUrl, request.url, all));
    }
    return credentials;
}

} // namespace bootferry
