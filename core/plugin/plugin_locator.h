// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the plugin for a URL scheme by a symbolic link, scheme-SCHEME.so, in the plugin folder. This needs no
// loading of modules, and a package adds a transport by installing two files.
#pragma once

#include <string>
#include <vector>

#include "bootferry/plugin.h"

namespace bootferry {

struct InstalledPlugin {
    std::string name;
    std::string version;
    std::vector<std::string> schemes; // only those with a link in the folder
    const bootferry_option* options;  // the plugin's own table; valid as long as the process
};

// The plugins that have a link, sorted by name; empty if the folder does not exist. Loads each module for its
// version. Logs a warning for a module that cannot be loaded and omits it, so that a broken plugin does not
// hide the others.
[[nodiscard]] std::vector<InstalledPlugin> listPlugins(const std::string& dir);

// The path of the module that serves the scheme, with links resolved. If there is none, throws
// Error(Unsupported) with a list of the installed schemes.
[[nodiscard]] std::string locatePlugin(const std::string& dir, const std::string& scheme);

// Is a plugin of this name (NAME.so) in the folder?
[[nodiscard]] bool isPluginInstalled(const std::string& dir, const std::string& name);

// The names of the plugins that serve a scheme, sorted.
[[nodiscard]] std::vector<std::string> installedPlugins(const std::string& dir);

} // namespace bootferry
