// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unused_options.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

namespace fs = std::filesystem;

// Empty if no plugin serves the scheme.
std::string pluginFor(const fs::path& dir, const std::string& scheme) {
    std::error_code error;
    const auto module = fs::canonical(dir / fmt::format("scheme-{}.so", scheme), error);
    return error ? "" : module.stem().string();
}

bool isInstalled(const fs::path& dir, const std::string& plugin) {
    std::error_code error;
    return plugin.find('/') == std::string::npos && fs::exists(dir / (plugin + ".so"), error);
}

std::vector<Url> urlsToFetch(const TransferRequest& request) {
    std::vector<Url> urls{request.url};
    urls.insert(urls.end(), request.mirrors.begin(), request.mirrors.end());
    if (request.checksumUrl) {
        urls.push_back(*request.checksumUrl);
    }
    if (request.signature && request.signature->url) {
        urls.push_back(*request.signature->url);
    }
    return urls;
}

} // namespace

std::vector<std::string> describeUnusedOptions(const std::string& pluginDir, const TransferRequest& request) {
    std::map<std::string, std::string> plugins; // by the schemes of the request
    for (const auto& url : urlsToFetch(request)) {
        if (auto plugin = pluginFor(pluginDir, url.scheme()); !plugin.empty()) {
            plugins[url.scheme()] = std::move(plugin);
        }
    }
    std::string served;
    for (const auto& [scheme, plugin] : plugins) {
        served += fmt::format("{}{} URLs are for '{}'", served.empty() ? "" : ", ", scheme, plugin);
    }
    std::vector<std::string> texts;
    for (const auto& option : request.pluginOptions) {
        const bool isUsed = std::any_of(plugins.begin(), plugins.end(),
                                        [&](const auto& row) { return row.second == option.plugin; });
        if (!isUsed && !plugins.empty() && isInstalled(pluginDir, option.plugin)) {
            texts.push_back(
                fmt::format("the option {}:{} has no effect: no URL here is for the plugin '{}'; {}",
                            option.plugin, option.key, option.plugin, served));
        }
    }
    return texts;
}

} // namespace bootferry
