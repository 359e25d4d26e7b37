// SPDX-License-Identifier: LGPL-2.1-or-later
// A loaded plugin module and its function table. The table is validated once, here, so that the rest of the
// host can use it without checks. Modules are never unloaded: threads and thread-local destructors of their
// libraries may outlive every session, and the process is short-lived.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bootferry/plugin.h"

namespace bootferry {

class PluginModule {
public:
    // Loads the module, or returns the one loaded before: the entry is called once per process. Throws
    // Error(Internal) with the file and the fault. Callable from any thread. Takes a view, because a
    // reference that comes from a temporary string is one that g++ 13 and later warn of.
    [[nodiscard]] static const PluginModule& load(std::string_view path);

    PluginModule(const PluginModule&) = delete;
    PluginModule& operator=(const PluginModule&) = delete;
    ~PluginModule() = default;

    [[nodiscard]] const bootferry_plugin& table() const { return *table_; }
    [[nodiscard]] bool hasSplice() const; // older tables do not have this field
    // BOOTFERRY_NEEDS_... of a transfer with the option; "": of every transfer.
    [[nodiscard]] std::uint32_t needs(const std::string& key) const;
    // The option that a misspelt key probably stands for; empty if the key is an option, or if none is near.
    [[nodiscard]] std::string nearestOption(std::string_view key) const;
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::vector<std::string>& schemes() const { return schemes_; }

    // Throws Error(Unsupported) if the scheme is not in the plugin's own list.
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
