// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin as the Transport that the retry policy opens attempts with: each attempt is a new session, given
// the same options. What is wrong with the request (no such scheme, an option for a plugin that is not
// there) shows at construction, before anything is connected.
#pragma once

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
    // credentials: by the names that plugins ask for. Throws Error(Unsupported) for a scheme or an option no
    // installed plugin serves; options for other installed plugins are left alone.
    PluginTransport(const std::string& pluginDir, const std::string& scheme,
                    std::vector<PluginOption> options, std::map<std::string, std::string> credentials,
                    StatusCallback status, FileNames files = {});

    // Sets the options of a session that is never opened: what is wrong with them shows before anything is
    // connected, and what files they name is known.
    void rehearse() const;

    // It is another server than the one for which options with a login were given (plugin.h, ELSEWHERE).
    void leaveLoginOut() { elsewhere_ = true; }

    [[nodiscard]] std::unique_ptr<ByteSource> open(const OpenRequest& request) override;

    [[nodiscard]] std::string description() const; // "curl 0.1.0"

private:
    const PluginModule& module_;
    std::vector<PluginOption> options_; // this plugin's
    std::map<std::string, std::string> credentials_;
    StatusCallback status_;
    FileNames files_;
    bool elsewhere_ = false;
};

} // namespace bootferry
