// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_option_row.h"

#include <algorithm>

#include "plain_text.h"
#include "plugin_list_process.h"

namespace bootferry {
namespace {

bool isWord(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

} // namespace

std::optional<PluginOptionRow> takePluginOption(std::string plugin, std::string_view line) {
    constexpr std::string_view flagMark = "FLAG: "; // bootferry/plugin.h
    PluginOptionRow row;
    row.plugin = std::move(plugin);
    row.key = takeListField(line);
    row.flag = line.starts_with(flagMark);
    row.help = plainText(row.flag ? line.substr(flagMark.size()) : line);
    return isWord(row.plugin) && isWord(row.key) ? std::optional(std::move(row)) : std::nullopt;
}

JsonObject jsonOf(const PluginOptionRow& row) {
    JsonObject object;
    object.add("plugin", row.plugin);
    object.add("key", row.key);
    object.add("flag", row.flag);
    object.add("help", row.help);
    return object;
}

} // namespace bootferry
