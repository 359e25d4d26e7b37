// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_options.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "exit_status.h"
#include "plain_text.h"
#include "plugin_list_process.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "text.h"
#include "worker_start.h"

namespace bootferry {
namespace {

struct PluginOptionRow {
    std::string plugin;
    std::string key;
    std::string help;
    bool flag; // takes no value
};

bool isWord(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

// Lines that do not describe an option are left out: a plugin's help text may contain newlines.
std::vector<PluginOptionRow> rowsOf(std::string_view list) {
    constexpr std::string_view flagMark = "FLAG: "; // bootferry/plugin.h
    std::vector<PluginOptionRow> rows;
    for (auto line : linesOf(list)) {
        PluginOptionRow row;
        row.plugin = takeListField(line);
        row.key = takeListField(line);
        row.flag = line.starts_with(flagMark);
        row.help = plainText(row.flag ? line.substr(flagMark.size()) : line);
        if (isWord(row.plugin) && isWord(row.key)) {
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

std::string listOptions() {
    std::optional<std::string> list;
    SupervisingLoop loop([&] { loop.end(exitInterrupted); });
    const PluginListProcess process(loop.event(), workerProgram(), PluginListKind::Options,
                                    [&](std::optional<std::string> text) {
                                        list = std::move(text);
                                        loop.end(EXIT_SUCCESS);
                                    });
    if (loop.run() == exitInterrupted) {
        throw Error(ErrorCode::Cancelled, "interrupted");
    }
    if (!list) {
        throw Error(ErrorCode::Internal, "the plugins' options could not be listed");
    }
    return *list;
}

} // namespace

int printPluginOptions(std::optional<JsonStyle> json) {
    std::vector<JsonObject> objects;
    const auto list = listOptions();
    for (const auto& row : rowsOf(list)) {
        if (!json) {
            printOutput("{}:{}{}  {}\n", row.plugin, row.key, row.flag ? "" : "=", row.help);
            continue;
        }
        objects.emplace_back();
        objects.back().add("plugin", row.plugin);
        objects.back().add("key", row.key);
        objects.back().add("flag", row.flag);
        objects.back().add("help", row.help);
    }
    if (json) {
        printOutput("{}\n", jsonArray(objects, *json));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
