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
    const auto& tree = request.verity.tree;
    if (!tree) {
        return options;
    }
    auto urls = transfer.mirrors;
    urls.push_back(transfer.url);
    if (transfer.checksumUrl) {
        urls.push_back(*transfer.checksumUrl);
    }
    if (transfer.signature && transfer.signature->url) {
        urls.push_back(*transfer.signature->url);
    }
    std::erase_if(options, [&](const PluginOption& option) {
        return isServed(option.plugin, *tree) && std::none_of(urls.begin(), urls.end(), [&](const Url& url) {
                   return isServed(option.plugin, url);
               });
    });
    return options;
}

} // namespace bootferry
