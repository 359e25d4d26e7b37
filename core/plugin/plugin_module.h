// SPDX-License-Identifier: LGPL-2.1-or-later
// A loaded module and its checked table. Whatever the table promises by the ABI is verified here, once, so
// that the rest of the host may call through it without looking. A module is never unloaded: threads and
// thread-local destructors of the libraries behind it may outlive any session, and the process is short.
#pragma once

#include <string>
#include <vector>

#include "bootferry/plugin.h"

namespace bootferry {

class PluginModule {
public:
    // Loads the module, or hands out the one loaded earlier: the entry is called once per process. Throws
    // Error(Internal) that names the file and what is wrong with it. Safe to call from any thread.
    [[nodiscard]] static const PluginModule& load(const std::string& path);

    PluginModule(const PluginModule&) = delete;
    PluginModule& operator=(const PluginModule&) = delete;
    ~PluginModule() = default;

    [[nodiscard]] const bootferry_plugin& table() const { return *table_; }
    [[nodiscard]] bool hasSplice() const; // one of the fields that not every table has
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::vector<std::string>& schemes() const { return schemes_; }

    // Throws Error(Unsupported) where the scheme is not in the plugin's own list.
    void requireScheme(const std::string& scheme) const;

private:
    explicit PluginModule(const std::string& path);
    void checkTable() const;

    std::string path_;
    const bootferry_plugin* table_ = nullptr;
    std::string name_;
    std::string version_;
    std::vector<std::string> schemes_;
};

} // namespace bootferry
