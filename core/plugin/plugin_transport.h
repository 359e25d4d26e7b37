// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin as a Transport: each attempt is a new session with the same options. Errors in the request (a
// scheme without a plugin, an option for a plugin that is not installed) are found at construction, before
// anything is connected.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "byte_source.h"
#include "plugin_session.h"
#include "transfer_request.h"

namespace bootferry {

class PluginTransport : public Transport {
public:
    // credentials: by the names in the plugin ABI. Throws Error(Unsupported) for a scheme or an option
    // without an installed plugin; ignores options for other installed plugins.
    PluginTransport(const std::string& pluginDir, const std::string& scheme,
                    std::vector<PluginOption> options, std::map<std::string, std::string> credentials,
                    StatusCallback status, FileNames files = {});

    // Sets the options on a session that is never opened. This finds errors in them before anything is
    // connected, and calls `files` for every file that they name.
    void checkOptions() const;

    // Withholds options with a login from this server, since they were given for another one (plugin.h,
    // BOOTFERRY_REQUEST_ELSEWHERE).
    void withholdLogin() { withholdsLogin_ = true; }

    [[nodiscard]] std::unique_ptr<ByteSource> open(const OpenRequest& request) override;

    // BOOTFERRY_NEEDS_... with these options.
    [[nodiscard]] std::uint32_t needs() const;

    [[nodiscard]] std::string description() const; // "curl 0.1.0"

private:
    const PluginModule& module_;
    std::vector<PluginOption> options_; // this plugin's
    std::map<std::string, std::string> credentials_;
    StatusCallback status_;
    FileNames files_;
    bool withholdsLogin_ = false;
};

} // namespace bootferry
