// SPDX-License-Identifier: LGPL-2.1-or-later
// The generator loads no plugin, so it knows only the schemes of the plugins in this tree; an option of any
// other plugin is passed on.
#include "image_options.h"

#include <algorithm>

#include "curl_options.h"

namespace bootferry {
namespace {

bool isServed(const std::string& plugin, const Url& url) {
    return plugin == "curl" ? isCurlScheme(url.scheme()) : plugin == url.scheme();
}

} // namespace

std::vector<PluginOption> optionsOfImage(const BootRequest& request, const TransferRequest& transfer) {
    auto options = transfer.pluginOptions;
    const auto beside = request.verity.fetched();
    auto urls = transfer.mirrors;
    urls.push_back(transfer.url);
    if (transfer.checksumUrl) {
        urls.push_back(*transfer.checksumUrl);
    }
    if (transfer.signature && transfer.signature->url) {
        urls.push_back(*transfer.signature->url);
    }
    std::erase_if(options, [&](const PluginOption& option) {
        const auto serves = [&](const Url& url) { return isServed(option.plugin, url); };
        return std::any_of(beside.begin(), beside.end(), serves) &&
               std::none_of(urls.begin(), urls.end(), serves);
    });
    return options;
}

} // namespace bootferry
