// SPDX-License-Identifier: LGPL-2.1-or-later
// One option of a plugin, as the transfer program reports it: fields of a line that a plugin may have
// written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json.h"

namespace bootferry {

struct PluginOptionRow {
    std::string plugin;
    std::string key;
    std::string help;
    bool flag = false; // takes no value
};

// line: the key and the help. nullopt: it describes no option, as the rest of a help text with a newline.
[[nodiscard]] std::optional<PluginOptionRow> takePluginOption(std::string plugin, std::string_view line);

// With the members plugin, key, flag and help.
[[nodiscard]] JsonObject jsonOf(const PluginOptionRow& row);

} // namespace bootferry
