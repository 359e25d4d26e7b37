// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the folder once into a map from scheme to link; all functions are lookups in that map.
#include "plugin_locator.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "errors.h"
#include "log.h"
#include "nearest_name.h"
#include "plugin_module.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view linkPrefix = "scheme-";
constexpr std::string_view moduleSuffix = ".so";

// error: set if the folder could not be read.
std::map<std::string, fs::path> schemeLinks(const std::string& dir, std::error_code& error) {
    std::map<std::string, fs::path> links;
    for (fs::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (name.size() > linkPrefix.size() + moduleSuffix.size() && name.starts_with(linkPrefix) &&
            name.ends_with(moduleSuffix)) {
            links[name.substr(linkPrefix.size(), name.size() - linkPrefix.size() - moduleSuffix.size())] =
                entry->path();
        }
    }
    return links;
}

std::map<std::string, fs::path> schemeLinks(const std::string& dir) {
    std::error_code ignored;
    return schemeLinks(dir, ignored);
}

std::string namesOf(const std::map<std::string, fs::path>& links) {
    std::vector<std::string> names;
    for (const auto& [scheme, link] : links) {
        names.push_back(scheme);
    }
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// Those with the same first letter come first: htp is more like http than like ftp.
std::string_view nearestScheme(const std::string& written, const std::map<std::string, fs::path>& links) {
    std::vector<std::string_view> names;
    for (const auto& [scheme, link] : links) {
        const bool isLikely = !written.empty() && scheme.starts_with(written[0]);
        names.insert(isLikely ? names.begin() : names.end(), scheme);
    }
    return nearestName(written, names);
}

fs::path followLink(const fs::path& link) {
    std::error_code error;
    auto module = fs::canonical(link, error);
    if (error) {
        throw Error(ErrorCode::Unsupported, error.value(),
                    fmt::format("following the plugin link '{}'", link.string()));
    }
    return module;
}

} // namespace

std::vector<InstalledPlugin> listPlugins(const std::string& dir) {
    std::map<std::string, InstalledPlugin> byName;
    for (const auto& [scheme, link] : schemeLinks(dir)) {
        try {
            const auto& module = PluginModule::load(followLink(link).string());
            module.requireScheme(scheme);
            auto& plugin = byName[module.name()];
            plugin.name = module.name();
            plugin.version = module.version();
            plugin.options = module.table().options;
            plugin.schemes.push_back(scheme);
        } catch (const Error& error) {
            logWarning(fmt::format("{}, ignoring the plugin", error.what()));
        }
    }
    std::vector<InstalledPlugin> plugins;
    for (auto& [name, plugin] : byName) {
        plugins.push_back(std::move(plugin));
    }
    return plugins;
}

std::string locatePlugin(const std::string& dir, const std::string& scheme) {
    std::error_code error;
    const auto links = schemeLinks(dir, error);
    const auto found = links.find(scheme);
    if (error) {
        throw Error(ErrorCode::Unsupported, error.value(),
                    fmt::format("looking for the plugin for '{}' URLs in '{}'", scheme, dir));
    }
    if (found == links.end()) {
        if (scheme == "file") {
            throw Error(ErrorCode::Unsupported, "a file of this machine is not fetched: copy it, or give its "
                                                "path where a file can be given");
        }
        if (scheme == "ftps" && links.contains("ftp")) { // 'ftp' alone would drop the encryption
            throw Error(
                ErrorCode::Unsupported,
                "no plugin serves 'ftps' URLs: use 'ftp' with curl's option ssl-reqd, which requires TLS");
        }
        const auto nearest = nearestScheme(scheme, links);
        throw Error(ErrorCode::Unsupported,
                    fmt::format("no plugin serves '{}' URLs{}; installed: {}", scheme,
                                nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                namesOf(links)));
    }
    return followLink(found->second).string();
}

bool isPluginInstalled(const std::string& dir, const std::string& name) {
    std::error_code error;
    return name.find('/') == std::string::npos &&
           fs::exists(fs::path(dir) / (name + std::string(moduleSuffix)), error);
}

std::vector<std::string> installedPlugins(const std::string& dir) {
    std::set<std::string> names;
    for (const auto& [scheme, link] : schemeLinks(dir)) {
        std::error_code error;
        const auto module = fs::canonical(link, error);
        if (!error) {
            names.insert(module.stem().string());
        }
    }
    return {names.begin(), names.end()};
}

} // namespace bootferry
