// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dolly_trust.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

bool hasDollyOption(const TransferRequest& request, std::string_view key) {
    return std::any_of(request.pluginOptions.begin(), request.pluginOptions.end(),
                       [key](const auto& option) { return option.plugin == "dolly" && option.key == key; });
}

bool hasPassword(const Url& url, const TransferRequest& request, const Credentials& credentials) {
    const auto chosen = credentialsFor(url, request.url, credentials);
    const auto password = chosen.find("password");
    return password != chosen.end() && !password->second.empty();
}

} // namespace

void requireProofOfDollyServer(const TransferRequest& request, const Credentials& credentials) {
    if (request.checksum || request.checksumUrl || hasDollyOption(request, trustDollyServer)) {
        return;
    }
    const bool byOption = hasDollyOption(request, "password");
    const auto isUnproven = [&](const Url& url) {
        return url.scheme() == "dolly" && (byOption || hasPassword(url, request, credentials));
    };
    if (isUnproven(request.url) || std::any_of(request.mirrors.begin(), request.mirrors.end(), isUnproven)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("dolly's password proves this machine to the server, not the server to this "
                                "machine: add rd.bootferry.checksum= (bootferryctl: --checksum=), or "
                                "rd.bootferry.option=dolly:{} where the network is trusted",
                                trustDollyServer));
    }
}

} // namespace bootferry
