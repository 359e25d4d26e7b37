// SPDX-License-Identifier: LGPL-2.1-or-later
// Which file serves a scheme is told by the name of a link, scheme-NAME.so: no module is loaded to find out,
// and a package adds a transport by adding two files.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

struct InstalledPlugin {
    std::string name;
    std::string version;
    std::vector<std::string> schemes; // those with a link in the folder
};

// Loads every module that has a link, to ask its version. One that cannot be loaded is left out with a
// warning: a broken plugin must not hide the others. Sorted by name; a missing folder holds none.
[[nodiscard]] std::vector<InstalledPlugin> listPlugins(const std::string& dir);

// The path of the module that serves the scheme, the link followed. Throws Error(Unsupported) that names the
// schemes there are.
[[nodiscard]] std::string locatePlugin(const std::string& dir, const std::string& scheme);

// Is a plugin of that name (NAME.so) there?
[[nodiscard]] bool isPluginInstalled(const std::string& dir, const std::string& name);

// The names of the plugins that serve a scheme, sorted.
[[nodiscard]] std::vector<std::string> installedPlugins(const std::string& dir);

} // namespace bootferry
