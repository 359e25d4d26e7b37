// SPDX-License-Identifier: LGPL-2.1-or-later
// The constructor selects this plugin's options; each attempt creates a session.
#include "plugin_transport.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "errors.h"
#include "plugin_locator.h"

namespace bootferry {

PluginTransport::PluginTransport(const std::string& pluginDir, const std::string& scheme,
                                 std::vector<PluginOption> options,
                                 std::map<std::string, std::string> credentials, StatusCallback status,
                                 FileNames files)
    : module_(PluginModule::load(locatePlugin(pluginDir, scheme))), credentials_(std::move(credentials)),
      status_(std::move(status)), files_(std::move(files)) {
    module_.requireScheme(scheme);
    for (auto& option : options) {
        if (option.plugin == module_.name()) {
            options_.push_back(std::move(option));
        } else if (!isPluginInstalled(pluginDir, option.plugin)) {
            throw Error(
                ErrorCode::Unsupported,
                fmt::format("option '{}' is for the plugin '{}', which is not installed; installed: {}",
                            option.key, option.plugin, fmt::join(installedPlugins(pluginDir), ", ")));
        }
    }
}

std::unique_ptr<ByteSource> PluginTransport::open(const OpenRequest& request) {
    // With a length this is one of several parallel sessions, which must not report a status of their own.
    auto session = std::make_unique<PluginSession>(module_, credentials_,
                                                   request.length ? StatusCallback() : status_, files_);
    for (const auto& option : options_) {
        session->setOption(option.key, option.value);
    }
    session->open(request, withholdsLogin_ ? BOOTFERRY_REQUEST_ELSEWHERE : 0);
    return session;
}

void PluginTransport::checkOptions() const {
    PluginSession session(module_, credentials_, {}, files_);
    for (const auto& option : options_) {
        session.setOption(option.key, option.value);
    }
}

std::uint32_t PluginTransport::needs() const {
    auto needs = module_.needs("");
    for (const auto& option : options_) {
        needs |= module_.needs(option.key);
    }
    return needs;
}

std::string PluginTransport::description() const {
    return module_.name() + " " + module_.version();
}

} // namespace bootferry
